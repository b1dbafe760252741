"""``python -m semvid.service.health URL``: exit status 0 when ``URL`` answers 200, for containers."""

import sys
import urllib.request


def main() -> int:
    """Asks the URL in the first argument."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
