"""``python -m semvid``."""

from semvid.cli import main

main()
