from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.client.events import Event, StreamLost, follow, parse_events


def test_fields_comments_and_multiple_data_lines() -> None:
    lines = [
        ": hello",
        "id: 4",
        "event: progress",
        "data: one",
        "data:two",
        "retry: 10",
        "",
        "data: three",
        "",
    ]
    assert list(parse_events(lines)) == [Event("progress", "one\ntwo", "4"), Event("message", "three", "4")]


def test_an_unfinished_event_is_dropped() -> None:
    assert list(parse_events(["data: whole", "", "data: half"])) == [Event("message", "whole")]


@given(st.lists(st.text(max_size=40), max_size=40))
def test_any_lines_parse(lines: list[str]) -> None:
    for event in parse_events(lines):
        assert event.data is not None
        assert event.name


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0")), min_size=1, max_size=5))
def test_what_was_sent_is_read(data: list[str]) -> None:
    lines = [line for d in data for line in (f"data: {d}", "")]
    assert [event.data for event in parse_events(lines)] == data


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
