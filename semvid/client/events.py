"""Server-sent events: parsed as they come, followed over broken connections."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

MAX_LINE = 1 << 20  # characters; a longer line is no event of ours


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``id`` is empty when the server gave none."""

    name: str
    data: str
    id: str = ""


class StreamLost(Exception):
    """The event stream cannot be had (any more); polling always can."""


def parse_events(lines: Iterable[str]) -> Iterator[Event]:
    """Reads events from the lines of a ``text/event-stream`` body (WHATWG HTML, 9.2.6).

    Comments, unknown fields, ``retry`` and an unfinished event at the end are passed over.
    """
    name, identity, data = "", "", list[str]()
    for line in lines:
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data), identity)
            name, data = "", []
            continue
        if line.startswith(":") or len(line) > MAX_LINE:
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            name = value
        elif key == "data":
            data.append(value)
        elif key == "id" and "\0" not in value:
            identity = value


def follow(http: httpx.Client, path: str, attempts: int = 4, pause_s: float = 0.5) -> Iterator[Event]:
    """Follows the stream at ``path`` and takes it up where it broke off (``Last-Event-ID``).

    Ends when the server ends the stream in good order; the caller judges by the events whether all is over.

    Raises:
        StreamLost: ``attempts`` connections in a row brought no event, or the server has no such stream.
    """
    last_id, failures = "", 0
    while True:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        try:
            with http.stream("GET", path, headers=headers) as response:
                if response.status_code != 200:
                    raise StreamLost(f"status {response.status_code}")
                if not response.headers.get("content-type", "").startswith("text/event-stream"):
                    raise StreamLost("no event stream")
                for event in parse_events(response.iter_lines()):
                    failures, last_id = 0, event.id or last_id
                    yield event
            return
        except httpx.HTTPError as error:
            failures += 1
            if failures >= attempts:
                raise StreamLost(str(error) or type(error).__name__) from error
            time.sleep(pause_s * failures)
