from __future__ import annotations

import httpx
import pytest

from semvid.client.events import StreamLost, follow


class _Breaking(httpx.SyncByteStream):
    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self):
        yield self._text.encode()
        raise httpx.ReadError("connection reset")


def test_takes_up_where_it_broke_off() -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        kind = {"content-type": "text/event-stream; charset=utf-8"}
        if len(asked) == 1:
            return httpx.Response(200, headers=kind, stream=_Breaking("id: 7\ndata: a\n\n"))
        return httpx.Response(200, headers=kind, text="id: 8\ndata: b\n\n")

    http = httpx.Client(base_url="http://t", transport=httpx.MockTransport(handler))
    assert [e.data for e in follow(http, "/events", pause_s=0)] == ["a", "b"]
    assert asked == [None, "7"]


def test_an_unfinished_event_is_dropped() -> None:
    kind = {"content-type": "text/event-stream"}
    answer = httpx.Response(200, headers=kind, text="data: whole\n\ndata: half")
    http = httpx.Client(base_url="http://t", transport=httpx.MockTransport(lambda _: answer))
    assert [event.data for event in follow(http, "/events")] == ["whole"]


def test_gives_up_after_attempts_without_an_event() -> None:
    calls = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(1)
        raise httpx.ConnectError("refused")

    http = httpx.Client(base_url="http://t", transport=httpx.MockTransport(handler))
    with pytest.raises(StreamLost):
        list(follow(http, "/events", attempts=3, pause_s=0))
    assert len(calls) == 3


@pytest.mark.parametrize("response", [httpx.Response(404), httpx.Response(200, json={})])
def test_no_stream_there(response: httpx.Response) -> None:
    http = httpx.Client(base_url="http://t", transport=httpx.MockTransport(lambda _: response))
    with pytest.raises(StreamLost):
        list(follow(http, "/events"))
