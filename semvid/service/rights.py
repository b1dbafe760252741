"""What a key may do, and what a request needs; every REST interface asks in the same place.

The rights are few on purpose: who may see, who may make the transmitter send, who may change the channel of
what runs, who may scrape.
"""

import re
from enum import StrEnum

from semvid.errors import InvalidInput


class Right(StrEnum):
    """One thing that a key may do."""

    READ = "read"  # see every transmission and video
    SEND = "send"  # hand in and cancel transmissions, ask questions
    CHANNEL = "channel"  # change the channel of what runs
    METRICS = "metrics"  # read /metrics


EVERYTHING = frozenset(Right)
_CHANNEL = re.compile("/v1/transmissions/[^/]+/channel/?")
_WATCHING = re.compile("/v1/videos/[^/]+/whep(/.*)?")
_UPLOADS = re.compile("/v1/uploads(/.*)?")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def needed(method: str, path: str) -> Right:
    """The right that a request needs; whatever is not known here only to read needs more.

    Args:
        method: of the request, in capitals.
        path: of the request, without its query.
    """
    if path == "/metrics":
        return Right.METRICS
    if _UPLOADS.fullmatch(path):  # also to ask how far one has come
        return Right.SEND
    if method in _READING or _WATCHING.fullmatch(path):  # to watch changes nothing
        return Right.READ
    return Right.CHANNEL if _CHANNEL.fullmatch(path) else Right.SEND


def parse_rights(text: str) -> frozenset[Right]:
    """Reads names with commas between them.

    Raises:
        InvalidInput: a name that is none, or none at all.
    """
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in set(Right)]
    if unknown:
        raise InvalidInput(f"there is no right {unknown[0]!r}; take some of {', '.join(Right)}")
    return frozenset(map(Right, names))


def written_rights(rights: frozenset[Right]) -> str:
    """What `parse_rights` reads."""
    return ",".join(right for right in Right if right in rights)
