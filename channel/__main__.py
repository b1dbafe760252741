"""``python -m channel`` runs the channel emulator."""

from semvid.safe_path import forget_current_folder

if __name__ == "__main__":
    forget_current_folder()
    from channel.app import main

    main()
