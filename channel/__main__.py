"""``python -m channel`` runs the channel emulator."""

from channel.app import main

if __name__ == "__main__":
    main()
