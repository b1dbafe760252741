"""The proxy, if any, that the environment puts between here and an address.

Loopback is never behind one. For other hosts the variables hold that are usual for HTTP
(`urllib.request.getproxies`) and for gRPC (environment_variables.md in its documentation). httpx is given
what is found here; gRPC reads its variables itself, so that what is said here of them follows its rules.
"""

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from semvid.errors import InvalidInput

if TYPE_CHECKING:
    import httpx

_GRPC_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")  # gRPC reads them in lower case only
_GRPC_EXCEPTIONS = ("no_grpc_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and who asked for it.

    Attributes:
        variable: of the environment.
        url: with credentials, where it has some: not to be shown.
        host: that would be reached through it.
    """

    variable: str
    url: str
    host: str

    @property
    def shown(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def in_the_way(self, no_proxy: str = "NO_PROXY") -> str:
        """One sentence for whoever could not connect."""
        return (
            f"the proxy {self.shown} of {self.variable} stands in between: set {no_proxy}={self.host} to go "
            "without it"
        )


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address without port, is this machine's loopback interface."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def http_proxy(url: str) -> Proxy | None:
    """The proxy of an http or https ``url``."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or is_loopback(host) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    kind = next((kind for kind in (parts.scheme, "all") if proxies.get(kind)), None)
    if kind is None:
        return None
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    variable = next((name for name in names if os.environ.get(name)), "the system's settings")
    address = proxies[kind]
    return Proxy(variable, address if "://" in address else f"http://{address}", host)


def http_transport(url: str, **options: Any) -> "httpx.HTTPTransport":
    """How httpx reaches ``url``: straight, or through `http_proxy`.

    Args:
        url: base of what will be asked for.
        options: of `httpx.HTTPTransport`.

    Raises:
        InvalidInput: httpx cannot use the proxy.
    """
    import httpx

    proxy = http_proxy(url)
    try:
        return httpx.HTTPTransport(proxy=None if proxy is None else proxy.url, **options)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        if proxy is None:
            raise
        socks = 'pip install "httpx[socks]", or ' if isinstance(error, ImportError) else ""
        raise InvalidInput(
            f"proxy: {proxy.shown} of {proxy.variable} cannot be used for {proxy.host}; {socks}"
            f"set NO_PROXY={proxy.host} to go without it"
        ) from error


def grpc_host(target: str) -> str:
    """Host of a gRPC target such as ``host:port``, ``dns:///host:port`` or ``[::1]:port``; else empty."""
    for scheme in ("dns:", "ipv4:", "ipv6:"):
        if target.startswith(scheme):
            target = target.removeprefix(scheme).rpartition("/")[2]
    if target.startswith(("unix:", "unix-abstract:", "vsock:")):
        return ""
    return urlsplit(f"//{target}").hostname or ""


def grpc_proxy(target: str) -> Proxy | None:
    """The proxy of a gRPC ``target``; gRPC knows http ones only."""
    host = grpc_host(target)
    if not host or is_loopback(host):
        return None
    excepted = next((os.environ[name] for name in _GRPC_EXCEPTIONS if os.environ.get(name)), "")
    if any(host.endswith(entry.strip()) for entry in excepted.split(",") if entry.strip()):
        return None
    for variable in _GRPC_VARIABLES:
        if address := os.environ.get(variable):
            return Proxy(variable, address, host) if address.startswith("http://") else None
    return None
