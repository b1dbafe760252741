"""Which server and which of its models."""

from dataclasses import dataclass

import httpx

from semvid.errors import InvalidInput
from semvid.mllm.settings import MllmSettings

_EXAMPLE = "openai:http://127.0.0.1:8000/v1#Qwen/Qwen3-VL-4B-Instruct"


@dataclass(frozen=True, slots=True)
class Address:
    """``URL#MODEL`` taken apart.

    Attributes:
        url: base of the API without a slash at its end, ``http://host:port/v1``.
        model: as the server names it.
    """

    url: str
    model: str

    def key(self, settings: MllmSettings) -> str | None:
        """The API key, if it may go to this server: callers name servers, but must not learn the key."""
        if settings.mllm_api_key is None or settings.mllm_api_key_url is None:
            return None
        allowed = httpx.URL(settings.mllm_api_key_url)
        url = httpx.URL(self.url)
        same = (url.scheme, url.host, url.port) == (allowed.scheme, allowed.host, allowed.port)
        return settings.mllm_api_key.get_secret_value() if same else None


def parse_address(argument: str) -> Address:
    """Takes ``URL#MODEL`` apart.

    Raises:
        InvalidInput: no such form.
    """
    url, _, model = argument.partition("#")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"openai:{argument}: {url} is no URL; write it like {_EXAMPLE}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise InvalidInput(
            f"openai:{argument}: the server must be http://HOST or https://HOST; write it like {_EXAMPLE}"
        )
    if not model:
        raise InvalidInput(f"openai:{argument}: the model is missing; write it like {_EXAMPLE}")
    return Address(url.rstrip("/"), model)
