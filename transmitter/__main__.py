"""``python -m transmitter``."""

from semvid.safe_path import forget_current_folder

if __name__ == "__main__":
    forget_current_folder()
    from transmitter.app import main

    main()
