"""``python -m transmitter``."""

from transmitter.app import main

main()
