from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from semvid import errors
from semvid.client import ReceiverClient


def client(handler) -> ReceiverClient:
    return ReceiverClient("http://receiver", httpx.MockTransport(handler))


def test_fetch_writes_the_whole_file(tmp_path: Path) -> None:
    body = bytes(range(256)) * 5000
    told: list[tuple[int, int]] = []
    path = client(lambda _: httpx.Response(200, content=body)).fetch(
        "a", tmp_path / "out.mp4", lambda done, total: told.append((done, total))
    )
    assert path.read_bytes() == body
    assert told[-1] == (len(body), len(body))
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_a_broken_download_leaves_the_old_file(tmp_path: Path) -> None:
    class Breaking(httpx.SyncByteStream):
        def __iter__(self):
            yield b"new"
            raise httpx.ReadError("reset")

    (tmp_path / "out.mp4").write_bytes(b"old")
    with pytest.raises(errors.LinkFailed):
        client(lambda _: httpx.Response(200, stream=Breaking())).fetch("a", tmp_path / "out.mp4")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("out.mp4", b"old")]


def test_fetch_of_an_unknown_video(tmp_path: Path) -> None:
    problem = {"status": 404, "code": "NOT_FOUND", "detail": "no video a"}
    with pytest.raises(errors.NotFound, match="receiver: no video a"):
        client(lambda _: httpx.Response(404, json=problem)).fetch("a", tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_fetch_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidInput, match="cannot be written"):
        client(lambda _: httpx.Response(200)).fetch("a", tmp_path / "gone" / "out.mp4")


def test_wait_ends_with_a_final_state() -> None:
    states = iter(["RECEIVING", "TRUNCATED"])
    seen: list[str] = []
    done = client(lambda _: httpx.Response(200, json={"state": next(states)})).wait(
        "a", lambda video: seen.append(video["state"])
    )
    assert done["state"] == "TRUNCATED"
    assert seen == ["RECEIVING", "TRUNCATED"]


@pytest.mark.parametrize("total", [0, 3, 500, 1203])
def test_segments_reads_all_pages(total: int) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return httpx.Response(200, json=[{"segment": n} for n in range(total)][offset : offset + limit])

    assert [s["segment"] for s in client(handler).segments("a")] == list(range(total))


def asked(*states: str, **fields: object):
    """A receiver with one question, which goes through these states."""
    left = iter(states)

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        resource = {"id": "question-1", "state": next(left), **fields}
        return httpx.Response(202 if request.method == "POST" else 200, json=resource)

    requests: list[httpx.Request] = []
    return client(handler), requests


def test_ask_waits_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    seen: list[str] = []
    receiver, requests = asked("WAITING", "WAITING", "ANSWERED", answer="one dog")
    resource = receiver.ask("a", "how many?", "source", lambda one: seen.append(one["state"]))
    assert resource["answer"] == "one dog"
    assert seen == ["WAITING", "WAITING", "ANSWERED"]
    assert [(r.method, r.url.path) for r in requests] == [
        ("POST", "/v1/videos/a/questions"),
        *[("GET", "/v1/videos/a/questions/question-1")] * 2,
    ]
    assert json.loads(requests[0].content) == {"question": "how many?", "answered_by": "source"}


@pytest.mark.parametrize(
    ("state", "code", "kind"),
    [("REFUSED", "INVALID_INPUT", errors.InvalidInput), ("FAILED", "GONE", errors.Gone)],
)
def test_no_answer_is_an_error(state: str, code: str, kind: type[Exception]) -> None:
    receiver, _ = asked(state, error={"code": code, "detail": "because"})
    with pytest.raises(kind, match="receiver: because"):
        receiver.ask("a", "why?")
