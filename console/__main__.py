"""``python -m console``, and the command `semvid`."""

from semvid.safe_path import forget_current_folder


def main() -> None:
    """Imports the command line once the current folder cannot get in its way, and runs it."""
    forget_current_folder()
    from console import cli

    cli.main()


if __name__ == "__main__":
    main()
