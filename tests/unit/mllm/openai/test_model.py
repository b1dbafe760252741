"""Against a server that speaks the protocol over a real socket."""

from __future__ import annotations

import base64
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput, LinkFailed
from semvid.images.types import Picture
from semvid.mllm.library import MllmLibrary
from semvid.mllm.openai.address import parse_address
from semvid.mllm.openai.client import Client
from semvid.mllm.openai.model import OpenAi, read_answer
from semvid.mllm.settings import MllmSettings
from semvid.options import Focus

MODEL = "qwen"


def brightness(part: dict[str, Any]) -> float:
    """Of a picture that came as a data URL: the stub looks at what it was sent."""
    kind, _, data = part["image_url"]["url"].partition(";base64,")
    assert kind == "data:image/jpeg"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return float(picture.mean())


@dataclass
class Stub:
    """A small model server: yes where the pictures are equally bright."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    strict: bool = False  # refuses what OpenAI itself does not know
    silent: bool = False  # gives no log probabilities
    one_sided: bool = False  # lists one of the answers only
    slow_s: float = 0.0
    at_once: int = 0
    most_at_once: int = 0

    def app(self) -> FastAPI:
        app = FastAPI()
        lock = threading.Lock()

        @app.get("/v1/models")
        def models() -> dict[str, Any]:
            return {"object": "list", "data": [{"id": MODEL, "object": "model"}]}

        @app.post("/tokenize")
        async def tokenize(request: Request) -> dict[str, Any]:
            words = {"Yes": 11, "yes": 12, " Yes": 13, "No": 21, "no": 22, " No": 23}
            prompt = (await request.json())["prompt"]
            return {"tokens": [words[prompt]] if prompt in words else [1, 2], "count": 1}

        @app.post("/v1/chat/completions")
        def complete(body: dict[str, Any], request: Request) -> Any:
            with lock:
                self.bodies.append(body)
                self.keys.append(request.headers.get("Authorization"))
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                return self._complete(body)
            finally:
                with lock:
                    self.at_once -= 1

        return app

    def _complete(self, body: dict[str, Any]) -> Any:
        time.sleep(self.slow_s)
        if self.failures:
            status, headers = self.failures.pop(0)
            return JSONResponse({"error": {"message": "try later"}}, status, headers)
        if self.strict and "chat_template_kwargs" in body:
            return JSONResponse({"error": {"message": "Unrecognized argument: chat_template_kwargs"}}, 400)
        pictures = [part for part in body["messages"][0]["content"] if part["type"] == "image_url"]
        if not body.get("logprobs"):
            words = f"{len(pictures)} frames at most {body['max_tokens']} tokens \n"
            return {"choices": [{"index": 0, "message": {"role": "assistant", "content": words}}]}
        assert (body["max_tokens"], body["temperature"], body["top_logprobs"]) == (1, 0, 20)
        same = len(pictures) == 2 and abs(brightness(pictures[0]) - brightness(pictures[1])) < 8
        listed = {"Yes": 0.6, " yes": 0.1, "No": 0.2, "Maybe": 0.05} if same else {"No": 0.8, "Yes": 0.1}
        if self.one_sided:
            listed = {"No": 0.9, "Maybe": 0.02, "Not": 0.01}
        top = [{"token": t, "logprob": math.log(p), "bytes": list(t.encode())} for t, p in listed.items()]
        logprobs = None if self.silent else {"content": [{**top[0], "top_logprobs": top}]}
        return {"choices": [{"index": 0, "message": {"content": top[0]["token"]}, "logprobs": logprobs}]}


@pytest.fixture(scope="module")
def served() -> Iterator[Stub]:
    stub = Stub()
    server = uvicorn.Server(uvicorn.Config(stub.app(), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    stub.url = f"http://127.0.0.1:{port}/v1"
    yield stub
    server.should_exit = True
    thread.join()


@pytest.fixture
def stub(served: Stub) -> Stub:
    fresh = Stub(url=served.url)
    for name, value in vars(fresh).items():
        setattr(served, name, value)
    return served


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the client waited between attempts; it does not really wait in tests."""
    return []


@pytest.fixture
def connect(stub: Stub, waits: list[float]) -> Callable[..., OpenAi]:
    def connected(**settings: Any) -> OpenAi:
        chosen, argument = MllmSettings(**settings), f"{stub.url}#{MODEL}"
        return OpenAi(argument, chosen, Client(parse_address(argument), chosen, waits.append))

    return connected


def plain(level: int) -> Picture:
    return np.full((60, 80, 3), level, np.uint8)


def test_answers_through_the_library(stub: Stub) -> None:
    """A few frames and the question; then the same with the answer, and whether it is right."""
    settings = MllmSettings(mllm_question_frames=3, mllm_answer_tokens=7)
    mllm = MllmLibrary(settings).open(f"openai:{stub.url}#{MODEL}")
    (answer,) = mllm.answer((plain(n) for n in range(30)), ["who is it?"])
    assert answer.text == "3 frames at most 7 tokens"
    assert answer.sure == pytest.approx(0.1 / 0.9)  # the stub says no to three pictures
    asked, checked = (body["messages"][0]["content"] for body in stub.bodies[-2:])
    assert "who is it?" in asked[-1]["text"]
    assert "Question: who is it?\nProposed answer: 3 frames at most 7 tokens" in checked[-1]["text"]
    assert [part["type"] for part in checked].count("image_url") == 3


def test_scores_and_captions_through_the_library(stub: Stub) -> None:
    mllm = MllmLibrary(MllmSettings(mllm_caption_tokens=33)).open(f"openai:{stub.url}#{MODEL}")
    same, other = mllm.compare(plain(50), [plain(52), plain(200)], Focus.GENERAL)
    assert (same.p_yes, same.p_no) == (pytest.approx(0.7), pytest.approx(0.2))
    assert (other.p_yes, other.p_no) == (pytest.approx(0.1), pytest.approx(0.8))
    assert mllm.caption([plain(1), plain(2), plain(3)]) == "3 frames at most 33 tokens"
    question = stub.bodies[0]
    assert question["model"] == MODEL
    assert question["chat_template_kwargs"] == {"enable_thinking": False}
    assert [part["type"] for part in question["messages"][0]["content"]].count("image_url") == 2
    assert mllm.resource()["warnings"] == []
    assert mllm.resource()["mean_mass"] == pytest.approx(0.9)


def test_answers_stay_with_their_questions(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    levels = [0, 100, 0, 0, 100, 100, 0, 100]
    stub.slow_s = 0.02
    model = connect(mllm_connections=3)
    answers = model.answer([["Same?", plain(0), plain(level)] for level in levels])
    assert [answer.p_yes > answer.p_no for answer in answers] == [level == 0 for level in levels]
    assert 2 <= stub.most_at_once <= 3


def test_a_missing_side_is_bounded_and_said_so(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    stub.one_sided = True
    model = connect()
    answers = model.answer([["Same?", plain(0), plain(9)]] * 3)
    assert [a.p_yes for a in answers] == [pytest.approx(0.01)] * 3
    assert len(model.notices) == 1
    assert "yes was not among the 3" in model.notices[0]


def test_large_pictures_are_shrunk(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    connect(mllm_image_tokens=4).answer([["Same?", np.zeros((600, 800, 3), np.uint8), plain(0)]])
    url = stub.bodies[0]["messages"][0]["content"][1]["image_url"]["url"]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[0] * picture.shape[1] == pytest.approx(4 * 28 * 28, rel=0.05)


def test_passing_failures_are_waited_out(
    stub: Stub, connect: Callable[..., OpenAi], waits: list[float]
) -> None:
    stub.failures = [(503, {}), (429, {"Retry-After": "7"}), (500, {})]
    (answer,) = connect(mllm_attempts=4).answer([["Same?", plain(0), plain(0)]])
    assert answer.p_yes == pytest.approx(0.7)
    assert waits == [0.5, 7.0, 14.0]


def test_after_all_attempts_it_is_said_what_went_wrong(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    model = connect(mllm_attempts=2)
    stub.failures = [(503, {}), (503, {})]
    with pytest.raises(LinkFailed, match=r"2 attempts \(HTTP 503: try later\)"):
        model.answer([["Same?", plain(0), plain(0)]])


def test_a_slow_server_runs_into_the_time_limit(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    model = connect(mllm_attempts=2, mllm_timeout_s=0.1)
    stub.slow_s = 0.4
    with pytest.raises(LinkFailed, match="ReadTimeout"):
        model.answer([["Same?", plain(0), plain(0)]])
    time.sleep(0.5)  # until the stub is done with it


def test_a_strict_server_is_asked_without_the_extra(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    stub.strict = True
    model = connect()
    (answer,) = model.answer([["Same?", plain(0), plain(0)]])
    assert answer.p_yes == pytest.approx(0.7)
    assert "chat_template_kwargs" in model.notices[0]


def test_exact_tokens_are_asked_for_only_if_configured(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    connect().answer([["Same?", plain(0), plain(0)]])
    connect(mllm_logprob_token_ids=True).answer([["Same?", plain(0), plain(0)]])
    assert [body.get("logprob_token_ids") for body in stub.bodies] == [None, [11, 12, 13, 21, 22, 23]]


def test_the_key_goes_to_its_own_server_only(stub: Stub, connect: Callable[..., OpenAi]) -> None:
    host = stub.url.removesuffix("/v1")
    for allowed in (host, "http://127.0.0.1:9", None):
        connect(mllm_api_key="secret", mllm_api_key_url=allowed).answer([["Same?", plain(0), plain(0)]])
    assert stub.keys == ["Bearer secret", None, None]


def test_refusals_name_the_remedy(stub: Stub, connect: Callable[..., OpenAi], waits: list[float]) -> None:
    stub.silent = True
    with pytest.raises(InvalidInput, match="no log probabilities"):
        connect().answer([["Same?", plain(0), plain(0)]])
    stub.failures = [(401, {})]
    with pytest.raises(InvalidInput, match="MLLM_API_KEY"):
        connect().answer([["Same?", plain(0), plain(0)]])
    with pytest.raises(InvalidInput, match=f"no model other; it has {MODEL}"):
        OpenAi(f"{stub.url}#other", MllmSettings())
    nobody = "http://127.0.0.1:9/v1#qwen"
    settings = MllmSettings(mllm_attempts=2)
    with pytest.raises(LinkFailed, match="2 attempts"):
        OpenAi(nobody, settings, Client(parse_address(nobody), settings, waits.append))


@pytest.mark.parametrize(
    "argument", ["", "qwen", "ftp://host#m", "http://host/v1", "http://u:p@host#m", "http://#m"]
)
def test_addresses_are_checked_at_the_door(argument: str) -> None:
    with pytest.raises(InvalidInput):
        MllmLibrary(MllmSettings()).check(f"openai:{argument}")


@given(
    st.lists(st.tuples(st.sampled_from(["Yes", " no", "No", "x", "y", "z"]), st.floats(-30, 0)), min_size=1)
)
def test_any_list_of_probabilities_is_a_pair_of_probabilities(listed: list[tuple[str, float]]) -> None:
    answer, bounded = read_answer(listed)
    assert 0.0 <= answer.mass <= 1.0 + 1e-9
    words = {token.strip().lower() for token, _ in listed}
    assert ("yes" in bounded) == ("yes" not in words)
    assert ("no" in bounded.split()) == ("no" not in words)
