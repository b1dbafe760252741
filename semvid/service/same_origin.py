"""No web page but our own reaches a service: `Host` and `Origin` are looked at before anything else.

A browser lets any page send requests to any address, loopback too. Two ways lead here. The page asks under
our own address (cross-site request forgery): the browser then says whose page it is, in ``Origin`` or
``Sec-Fetch-Site``. Or a name of the attacker's leads to our address (DNS rebinding): the browser then takes
us for that name's server, and says the name in ``Host``. IP addresses need no list: nobody can rebind them.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from semvid.errors import Forbidden, Misdirected, SemvidError
from semvid.service.problems import problem_of, problem_response

_WANTED = {"same-origin", "none"}  # Sec-Fetch-Site of our own page, and of an address that a user typed


class SameOrigin:
    """ASGI middleware.

    Args:
        app: what is behind it.
        hosts: names that stand for this service, in lower case, without ports.
        origins: of further pages that may ask, as browsers write them.
        setting: prefix of the service's settings, for messages.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], origins: Collection[str], setting: str) -> None:
        self._app = app
        self._hosts, self._origins, self._setting = frozenset(hosts), frozenset(origins), setting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what may pass; answers the rest with 421 or 403."""
        if scope["type"] == "http" and (error := self._refusal(scope)):
            await problem_response(problem_of(error, scope["path"]))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> SemvidError | None:
        host = _one(scope, b"host")
        if not _is_ours(host, self._hosts):
            return Misdirected(
                f"no service is called {host!r} here; ask by IP address or localhost, or name it in "
                f"{self._setting}ALLOWED_HOSTS"
            )
        origin = _one(scope, b"origin")
        if origin:
            # the scheme is not compared: a proxy before us may have ended TLS
            if origin in self._origins or origin.partition("://")[2].lower() == host.lower():
                return None
            return Forbidden(f"pages of {origin!r} may not ask this service; its own page may")
        site = _one(scope, b"sec-fetch-site")
        if not site or site in _WANTED or _is_visit(scope):
            return None
        return Forbidden("pages of other origins may not load what is served here; link to it instead")


def _is_visit(scope: Scope) -> bool:
    """Whether a user followed a link, from wherever, into a window of its own."""
    to_a_window = (
        _one(scope, b"sec-fetch-mode") == "navigate" and _one(scope, b"sec-fetch-dest") == "document"
    )
    return to_a_window and scope["method"] in ("GET", "HEAD")


def _one(scope: Scope, name: bytes) -> str:
    """Value of a header that comes once; several are joined, which is the value of none."""
    return b", ".join(value for key, value in scope["headers"] if key == name).decode("latin-1")


def _is_ours(host: str, names: Collection[str]) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if parts.netloc != host or parts.username is not None or (port is None and host.endswith(":")):
        return False
    if name == "localhost" or name.endswith(".localhost") or name in names:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
