"""``python -m semvid.service.health URL``: exit status 0 when ``URL`` answers 200, for containers."""

import sys
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from semvid.proxy import is_loopback


def main() -> int:
    """Asks the URL in the first argument."""
    straight = is_loopback(urlsplit(sys.argv[1]).hostname or "")
    try:
        with build_opener(ProxyHandler({} if straight else None)).open(sys.argv[1], timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
