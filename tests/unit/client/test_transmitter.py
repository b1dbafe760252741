from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from semvid import errors
from semvid.client import TransmitterClient

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler) -> TransmitterClient:
    return TransmitterClient("http://transmitter", httpx.MockTransport(handler))


def test_submit_uploads_the_file_and_the_options(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"picture bytes")
    seen = {}

    def handler(request: httpx.Request) -> httpx.Response:
        seen["path"], seen["body"] = request.url.path, request.read()
        return httpx.Response(202, json={"id": "abc", "state": "ACCEPTED"})

    assert client(handler).submit(clip, {"seed": 3})["id"] == "abc"
    assert seen["path"] == "/v1/transmissions"
    assert b"picture bytes" in seen["body"]
    assert json.dumps({"seed": 3}).encode() in seen["body"]
    assert b'filename="clip.mp4"' in seen["body"]


def test_a_missing_file_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    with pytest.raises(errors.InvalidInput, match=r"gone\.mp4"):
        client(handler).submit(tmp_path / "gone.mp4")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (413, "LIMIT_EXCEEDED", errors.LimitExceeded),
        (415, "UNSUPPORTED_MEDIA", errors.UnsupportedMedia),
        (503, "BUSY", errors.Busy),
        (422, "INVALID_REQUEST", errors.InvalidInput),
        (500, "INTERNAL", errors.SemvidError),
        (404, None, errors.NotFound),
    ],
)
def test_problems_become_errors_again(
    tmp_path: Path, status: int, code: str | None, kind: type[Exception]
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    problem = {"status": status, "code": code, "detail": "the limit is 3, got 4; send less"}
    with pytest.raises(kind, match="transmitter: the limit is 3, got 4; send less") as caught:
        client(lambda _: httpx.Response(status, json=problem)).submit(clip)
    assert type(caught.value) is kind


def test_a_refusal_without_a_problem_document_is_still_an_error() -> None:
    with pytest.raises(errors.SemvidError, match="HTTP status 500"):
        client(lambda _: httpx.Response(500, text="<html>")).transmission("a")


def test_unreachable_names_address_and_remedy() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(errors.LinkFailed, match=r"http://transmitter.*semvid serve transmitter"):
        client(handler).transmission("a")


def test_an_answer_that_is_no_json_is_a_link_failure() -> None:
    with pytest.raises(errors.LinkFailed, match="no JSON"):
        client(lambda _: httpx.Response(200, text="hello")).transmission("a")


@pytest.mark.parametrize("url", ["localhost:8081", "ftp://x", ""])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(errors.InvalidInput, match="address"):
        TransmitterClient(url)


def test_ids_cannot_leave_their_place() -> None:
    paths = []

    def handler(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(404)

    with pytest.raises(errors.NotFound):
        client(handler).transmission("../metrics?x")
    assert paths == [b"/v1/transmissions/..%2Fmetrics%3Fx"]


def _events(*states: str) -> str:
    return "".join(
        f'id: {n}\nevent: progress\ndata: {{"state": "{state}", "progress": {n / 2}}}\n\n'
        for n, state in enumerate(states)
    )


def _service(state: str, stream: httpx.Response, **fields: object) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return stream
        return httpx.Response(200, json={"id": "a", "state": state, **fields})

    return handler


def test_watch_reports_events_and_returns_the_final_resource() -> None:
    stream = httpx.Response(
        200, headers={"content-type": "text/event-stream"}, text=_events("RUNNING", "SUCCEEDED")
    )
    updates: list[dict] = []
    notices: list[str] = []
    done = client(_service("SUCCEEDED", stream, cbr=1e-4)).watch("a", updates.append, notices.append)
    assert done["cbr"] == 1e-4
    assert [u["state"] for u in updates] == ["RUNNING", "SUCCEEDED"]
    assert notices == []


def test_watch_says_when_it_has_to_poll() -> None:
    notices: list[str] = []
    done = client(_service("SUCCEEDED", httpx.Response(404))).watch("a", notice=notices.append)
    assert done["state"] == "SUCCEEDED"
    assert "asking every" in notices[0]


def test_watch_says_when_the_stream_ends_early() -> None:
    stream = httpx.Response(200, headers={"content-type": "text/event-stream"}, text=_events("RUNNING"))
    notices: list[str] = []
    client(_service("SUCCEEDED", stream)).watch("a", notice=notices.append)
    assert len(notices) == 1


def test_watch_raises_what_the_transmitter_reports() -> None:
    problem = {"status": 502, "code": "TRANSMISSION_FAILED", "detail": "the header never arrived"}
    handler = _service("FAILED", httpx.Response(404), error=problem)
    with pytest.raises(errors.TransmissionFailed, match="the header never arrived"):
        client(handler).watch("a")


def test_watch_raises_when_cancelled() -> None:
    with pytest.raises(errors.Cancelled):
        client(_service("CANCELLED", httpx.Response(404))).watch("a")


def test_cancelling_what_is_over_is_harmless() -> None:
    client(lambda _: httpx.Response(409, json={"code": "CONFLICT"})).cancel("a")


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_ready(status: int, ready: bool) -> None:
    assert client(lambda _: httpx.Response(status)).ready() is ready


def test_a_proxy_between_here_and_a_remote_service_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    with (
        TransmitterClient("http://far.example:8081") as remote,
        pytest.raises(
            errors.LinkFailed, match=r"proxy http://127\.0\.0\.1:9 of http_proxy.*NO_PROXY=far\."
        ) as told,
    ):
        remote.transmission("abc")
    assert "secret" not in str(told.value)


def test_what_a_proxy_says_is_not_taken_for_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    refusing = httpx.MockTransport(lambda _: httpx.Response(503, html="<h1>no route</h1>"))
    with (
        TransmitterClient("http://far.example:8081", refusing) as remote,
        pytest.raises(
            errors.Busy, match=r"HTTP status 503 from http://far\..*proxy\.example:3128 of http_proxy"
        ),
    ):
        remote.transmission("abc")


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_no_proxy_stands_before_loopback(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "socks5://proxy.example:1080")
    with (
        TransmitterClient("http://127.0.0.1:9") as local,
        pytest.raises(errors.LinkFailed, match="semvid serve transmitter") as told,
    ):
        local.transmission("abc")
    assert "proxy" not in str(told.value)


def test_the_key_is_shown_and_one_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(401, json={"code": "UNAUTHORIZED", "detail": "show a key"})

    monkeypatch.delenv("SEMVID_API_KEY", raising=False)
    for given, environment in ((None, ""), (None, " semvid_a\n"), ("semvid_b", "semvid_a")):
        monkeypatch.setenv("SEMVID_API_KEY", environment)
        with pytest.raises(errors.Unauthorized, match="show a key"):
            TransmitterClient("http://transmitter", httpx.MockTransport(handler), given).transmission("x")
    assert seen == [None, "Bearer semvid_a", "Bearer semvid_b"]
    for wrong in ("sem vid", "schlüssel", "a\r\nX: y"):
        monkeypatch.setenv("SEMVID_API_KEY", wrong)
        with pytest.raises(errors.InvalidInput, match="SEMVID_API_KEY"):
            TransmitterClient("http://transmitter")
