"""Server-sent events, followed over broken connections."""

import time
from collections.abc import Iterator

import httpx
from httpx_sse import ServerSentEvent, SSEError, connect_sse


class StreamLost(Exception):
    """The event stream cannot be had (any more); polling always can."""


def follow(
    http: httpx.Client, path: str, attempts: int = 4, pause_s: float = 0.5
) -> Iterator[ServerSentEvent]:
    """Follows the stream at ``path`` and takes it up where it broke off (``Last-Event-ID``).

    Ends when the server ends the stream in good order; the caller judges by the events whether all is over.

    Raises:
        StreamLost: ``attempts`` connections in a row brought no event, or the server has no such stream.
    """
    headers, failures = dict[str, str](), 0
    while True:
        try:
            with connect_sse(http, "GET", path, headers=headers) as source:
                if source.response.status_code != 200:
                    raise StreamLost(f"status {source.response.status_code}")
                for event in source.iter_sse():
                    failures = 0
                    if event.id:
                        headers["Last-Event-ID"] = event.id
                    yield event
            return
        except SSEError as error:
            raise StreamLost("no event stream") from error
        except httpx.HTTPError as error:
            failures += 1
            if failures >= attempts:
                raise StreamLost(str(error) or type(error).__name__) from error
            time.sleep(pause_s * failures)
