"""``python -m receiver``."""

from receiver.app import main

main()
