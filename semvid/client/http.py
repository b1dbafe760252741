"""What both clients do alike: requests whose failures become `semvid.errors` again."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

from semvid import errors
from semvid.proxy import http_proxy, http_transport

KEY_VARIABLE = "SEMVID_API_KEY"

Json = dict[str, Any]

_TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=120.0, pool=5.0)
_BY_CODE = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, errors.SemvidError)
}
_BY_STATUS: dict[int, type[errors.SemvidError]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.LimitExceeded,
    415: errors.UnsupportedMedia,
    429: errors.Busy,
    502: errors.LinkFailed,
    503: errors.Busy,
}


def error_from(problem: Json, actor: str) -> errors.SemvidError:
    """The error that a problem document (RFC 9457) describes.

    Args:
        problem: the document; fields may be missing.
        actor: who sent it; begins the message.
    """
    status = int(problem.get("status") or 500)
    fallback = errors.InvalidInput if 400 <= status < 500 else errors.SemvidError
    kind = _BY_CODE.get(str(problem.get("code")), _BY_STATUS.get(status, fallback))
    return kind(f"{actor}: {problem.get('detail') or problem.get('title') or f'HTTP status {status}'}")


def _shown(key: str) -> dict[str, str]:
    """The header that shows ``key``; empty: none."""
    if not key.strip():
        return {}
    if not re.fullmatch("[!-~]+", key.strip()):
        raise errors.InvalidInput(f"key: what {KEY_VARIABLE} holds is none; copy it as it was printed")
    return {"Authorization": f"Bearer {key.strip()}"}


class ServiceClient:
    """A connection to one service; a context manager.

    Args:
        url: base of the service, for example ``http://127.0.0.1:8081``.
        transport: replaces the network (tests).
        key: to the service; left out: what SEMVID_API_KEY says, if anything.

    Raises:
        InvalidInput: ``url`` is no http or https URL, the proxy that leads there cannot be used, or the key
            is none.
    """

    actor = "service"
    start_hint = "start it"

    def __init__(
        self, url: str, transport: httpx.BaseTransport | None = None, key: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise errors.InvalidInput(
                f"{self.actor}: {url!r} is no address; give one like http://127.0.0.1:8081"
            )
        try:
            httpx.URL(self.url)
            proxy = http_proxy(self.url)
        except (httpx.InvalidURL, ValueError) as error:
            raise errors.InvalidInput(f"{self.actor}: {url!r} is no address: {error}") from error
        self._proxy_hint = "" if proxy is None else f"; {proxy.in_the_way()}"
        self._http = httpx.Client(
            base_url=self.url,
            timeout=_TIMEOUT,
            transport=transport or http_transport(self.url),
            headers=_shown(os.environ.get(KEY_VARIABLE, "") if key is None else key),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()

    def ready(self) -> bool:
        """Whether ``GET /readyz`` answers 200 now; never raises for a service that is down."""
        try:
            return self._http.get("/readyz", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def _get(self, path: str, **query: Any) -> Any:
        with self._failures():
            response = self._http.get(path, params=query or None)
            self._raise_for(response)
            return response.json()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turns failures of the network into sentences."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise errors.LinkFailed(
                f"{self.actor} at {self.url} did not answer in time ({type(error).__name__}); "
                f"see its log or try again{self._proxy_hint}"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.LinkFailed(
                f"{self.actor} at {self.url} cannot be reached ({error}); {self.start_hint}{self._proxy_hint}"
            ) from error
        except ValueError as error:  # a body that is no JSON
            raise errors.LinkFailed(
                f"{self.actor} at {self.url} answered something that is no JSON; is it a semvid {self.actor}?"
                f"{self._proxy_hint}"
            ) from error

    def _raise_for(self, response: httpx.Response) -> None:
        if response.status_code < 400:
            return
        response.read()
        try:
            problem = response.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict):  # not the service's words: something else answered
            words = f"HTTP status {response.status_code} from {self.url}{self._proxy_hint}"
            problem = {"detail": words}
        raise error_from({"status": response.status_code, **problem}, self.actor)
