"""A model behind an OpenAI-compatible server as `LanguageModel`."""

import base64
import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import cv2
import structlog

from semvid.errors import InvalidInput, LinkFailed
from semvid.images.resize import within_area
from semvid.images.types import Picture
from semvid.mllm.language_model import NO, YES, Message
from semvid.mllm.openai.address import parse_address
from semvid.mllm.openai.client import Client, Refused
from semvid.mllm.settings import PIXELS_OF_A_TOKEN, MllmSettings
from semvid.psss import Answer

TOP: Final = 20  # log probabilities asked for; vLLM gives no more by default
_JPEG_QUALITY: Final = 92
_log = structlog.get_logger(__name__)


class OpenAi:
    """Implements `LanguageModel` over chat completions; several questions are under way at once.

    Raises:
        InvalidInput: no such address, or the server does not have the model.
        LinkFailed: the server cannot be reached.
    """

    def __init__(self, argument: str, settings: MllmSettings, client: Client | None = None) -> None:
        self.address = parse_address(argument)
        self.name = f"openai:{argument}"
        self.at_once = settings.mllm_connections
        self.notices: list[str] = []
        self._client = client or Client(self.address, settings)
        self._pixels = settings.mllm_image_tokens * PIXELS_OF_A_TOKEN
        self._threads = ThreadPoolExecutor(settings.mllm_connections, thread_name_prefix="mllm")
        self._lock = threading.Lock()
        self._extra: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": False}}
        self._expect_model()
        self._token_ids = self._answer_tokens() if settings.mllm_logprob_token_ids else []

    def answer(self, messages: Sequence[Message]) -> list[Answer]:
        """See `LanguageModel.answer`; a side that the server does not list is bounded (`read_answer`)."""
        return list(self._threads.map(self._answer, messages))

    def write(self, messages: Sequence[Message], max_tokens: int) -> list[str]:
        """See `LanguageModel.write`."""

        def one(message: Message) -> str:
            choice = self._complete(message, {"max_tokens": max_tokens})
            text = choice.get("message", {}).get("content")
            if not isinstance(text, str):
                raise LinkFailed(f"{self.name}: the server's answer carries no text")
            return text.strip()

        return list(self._threads.map(one, messages))

    def _answer(self, message: Message) -> Answer:
        options: dict[str, Any] = {"max_tokens": 1, "logprobs": True, "top_logprobs": TOP}
        if self._token_ids:
            options["logprob_token_ids"] = self._token_ids
        choice = self._complete(message, options)
        listed = _listed(choice)
        if not listed:
            raise InvalidInput(
                f"{self.name}: the server gives no log probabilities, without which PSSS cannot be read; "
                "take a server that does, for example vLLM or SGLang"
            )
        answer, bounded = read_answer(listed)
        if bounded:
            self._notice(
                f"{bounded} was not among the {len(listed)} likeliest tokens of an answer; its "
                "probability is bounded from above there, not read (docs/mllm-scoring.md)"
            )
        return answer

    def _complete(self, message: Message, options: dict[str, Any]) -> dict[str, Any]:
        body = {
            "model": self.address.model,
            "messages": [{"role": "user", "content": [self._part(part) for part in message]}],
            "temperature": 0,
            **options,
        }
        try:
            content = self._client.ask("/chat/completions", {**body, **self._extra})
        except Refused as error:
            if not self._extra or "chat_template_kwargs" not in error.reason:
                raise
            self._extra = {}
            self._notice(
                "the server does not take chat_template_kwargs; a model that thinks aloud will not answer"
            )
            content = self._client.ask("/chat/completions", body)
        choices = content.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise LinkFailed(f"{self.name}: the server's answer has no choices; is the URL its API's base?")
        return choices[0]

    def _part(self, part: str | Picture) -> dict[str, Any]:
        if isinstance(part, str):
            return {"type": "text", "text": part}
        return {"type": "image_url", "image_url": {"url": data_url(part, self._pixels)}}

    def _expect_model(self) -> None:
        """Refuses a model that the server does not list; a server that lists nothing is believed."""
        try:
            listed = self._client.ask("/models").get("data")
        except Refused as error:
            if "HTTP 404" in str(error):
                return
            raise
        names = [one.get("id") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        if names and self.address.model not in names:
            raise InvalidInput(
                f"{self.name}: the server has no model {self.address.model}; it has "
                f"{', '.join(map(str, names))}"
            )

    def _answer_tokens(self) -> list[int]:
        """Ids of the forms of yes and no that the server writes as one token (vLLM's /tokenize)."""
        ids = set()
        for form in (*YES, *NO):
            body = {"model": self.address.model, "prompt": form, "add_special_tokens": False}
            tokens = self._client.ask("/../tokenize", body).get("tokens")
            if isinstance(tokens, list) and len(tokens) == 1:
                ids.add(int(tokens[0]))
        return sorted(ids)

    def _notice(self, text: str) -> None:
        text = f"{self.name}: {text}"
        with self._lock:
            if text in self.notices:
                return
            self.notices.append(text)
        _log.warning("model server", mllm=self.name, detail=text)


def read_answer(listed: Sequence[tuple[str, float]]) -> tuple[Answer, str]:
    """P(yes) and P(no) from the likeliest tokens.

    A side of which no form is listed is less likely than the least likely token listed, and than all that is
    left; the smaller of the two is taken for it. That is an upper bound, not a measurement.

    Args:
        listed: token and log probability (nats).

    Returns:
        The answer, and which sides are bounds: empty, "yes", "no" or "yes and no".
    """
    probabilities = [(token, min(1.0, math.exp(logprob))) for token, logprob in listed]
    left = max(0.0, 1.0 - sum(p for _, p in probabilities))
    bound = min([left, *(p for _, p in probabilities)])
    sides: list[float] = []
    bounded = []
    for name, forms in (("yes", YES), ("no", NO)):
        found = [p for token, p in probabilities if token in forms]
        sides.append(min(1.0, sum(found)) if found else bound)
        if not found:
            bounded.append(name)
    total = max(1.0, sum(sides))
    return Answer(sides[0] / total, sides[1] / total), " and ".join(bounded)


def data_url(picture: Picture, pixels: int) -> str:
    """The picture as JPEG in a data URL, shrunk to at most ``pixels``."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(within_area(picture, pixels), cv2.COLOR_RGB2BGR), quality)
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode("ascii")


def _listed(choice: dict[str, Any]) -> list[tuple[str, float]]:
    """Tokens and log probabilities of the first position; empty where the server gave none."""
    content = (choice.get("logprobs") or {}).get("content") or []
    first = content[0] if content else {}
    listed = first.get("top_logprobs") or ([first] if "logprob" in first else [])
    return [(one["token"], float(one["logprob"])) for one in listed]
