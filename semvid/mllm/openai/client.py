"""HTTP to the model server: time limits, and patience where patience helps."""

import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from semvid.errors import InvalidInput, LinkFailed
from semvid.mllm.openai.address import Address
from semvid.mllm.settings import MllmSettings
from semvid.proxy import http_proxy, http_transport

_FIRST_WAIT_S: Final = 0.5  # doubled with every further attempt
_LONGEST_WAIT_S: Final = 30.0
_PASSING: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class Refused(InvalidInput):
    """The server says that the request is wrong.

    Attributes:
        reason: the server's words.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Client:
    """Asks one server; usable from several threads.

    Args:
        sleep: waits between attempts; seconds.
    """

    def __init__(
        self, address: Address, settings: MllmSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        key = address.key(settings)
        self._name = f"openai:{address.url}#{address.model}"
        self._attempts, self._sleep = settings.mllm_attempts, sleep
        self._url, self._variable = address.url, settings.variable
        proxy = http_proxy(address.url)
        self._proxy_hint = "" if proxy is None else f"; {proxy.in_the_way()}"
        limits = httpx.Limits(max_connections=settings.mllm_connections)
        self._http = httpx.Client(
            timeout=settings.mllm_timeout_s,
            transport=http_transport(address.url, limits=limits),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer as JSON, to ``body`` posted, or to a mere GET without one.

        Args:
            path: after the base URL; ``/../tokenize`` leaves the API's version.

        Raises:
            Refused: the request, the model or the key is wrong.
            LinkFailed: the server cannot be reached or keeps failing after all attempts.
        """
        method = "GET" if body is None else "POST"
        wait, reason = _FIRST_WAIT_S, ""
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT_S)
            try:
                response = self._http.request(method, f"{self._url}{path}", json=body)
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}".rstrip(": ")
                continue
            if response.status_code in _PASSING:
                reason = f"HTTP {response.status_code}: {_words(response)}"
                wait = max(wait, min(_retry_after(response), _LONGEST_WAIT_S))
                continue
            return self._content(response)
        raise LinkFailed(
            f"{self._name}: the model server did not answer in {self._attempts} attempts ({reason}); "
            f"start it, or raise {self._variable('mllm_timeout_s')} or {self._variable('mllm_attempts')}"
            f"{self._proxy_hint}"
        )

    def _content(self, response: httpx.Response) -> dict[str, Any]:
        status = response.status_code
        if status in (401, 403):
            raise Refused(
                f"{self._name}: the server refuses us with HTTP {status}; set "
                f"{self._variable('mllm_api_key')}, and "
                f"{self._variable('mllm_api_key_url')} to this server, or accept its terms",
                _words(response),
            )
        if status >= 300:
            raise Refused(f"{self._name}: HTTP {status}: {_words(response)}", _words(response))
        try:
            content = response.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise LinkFailed(
                f"{self._name}: the server's answer is no JSON object; is the URL its API's base?"
                f"{self._proxy_hint}"
            )
        return content


def _words(response: httpx.Response) -> str:
    """What the server says went wrong, in one line."""
    try:
        content = response.json()
        error = content.get("error", content)
        text = error.get("message", error) if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        text = response.text
    return " ".join(str(text).split())[:300]


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0
