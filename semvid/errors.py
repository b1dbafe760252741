"""Every error that semvid raises on purpose.

    SemvidError
    +-- InvalidInput            the caller's data or options are wrong
    |   +-- UnsupportedMedia    not a video we accept
    |   +-- LimitExceeded       a bound was passed; names limit, value and remedy
    |   +-- MalformedUnits      bytes that are not a valid sequence of semantic units
    +-- NotFound                no such transmission, video, keyframe
    +-- Conflict                the resource is in a state that forbids this
    +-- Busy                    all places are taken; try again later
    +-- MissingComponent        an optional component is not installed; names the command
    +-- LinkFailed              the link broke off or its peer broke the protocol
    +-- TransmissionFailed      the channel was too bad for what must arrive
    +-- Cancelled               somebody asked for the work to stop

Each class fixes its HTTP status and gRPC status name, so that the same mistake reads the same at every door.
A message names the actor, the limit, the value and the remedy.
"""

from __future__ import annotations

from typing import ClassVar


class SemvidError(Exception):
    """Root of the tree. ``str(error)`` is a sentence fit for the user."""

    code: ClassVar[str] = "INTERNAL"
    title: ClassVar[str] = "Internal error"
    http_status: ClassVar[int] = 500
    grpc_status: ClassVar[str] = "INTERNAL"


class InvalidInput(SemvidError):
    """The caller's data or options are wrong."""

    code = "INVALID_INPUT"
    title = "Invalid input"
    http_status = 422
    grpc_status = "INVALID_ARGUMENT"


class UnsupportedMedia(InvalidInput):
    """The file is not a video that semvid accepts."""

    code = "UNSUPPORTED_MEDIA"
    title = "Unsupported media"
    http_status = 415


class LimitExceeded(InvalidInput):
    """A bound was passed."""

    code = "LIMIT_EXCEEDED"
    title = "Limit exceeded"
    http_status = 413
    grpc_status = "RESOURCE_EXHAUSTED"


class MalformedUnits(InvalidInput):
    """Bytes that are not a valid sequence of semantic units."""

    code = "MALFORMED_UNITS"
    title = "Malformed semantic units"


class NotFound(SemvidError):
    """No such transmission, video or keyframe."""

    code = "NOT_FOUND"
    title = "Not found"
    http_status = 404
    grpc_status = "NOT_FOUND"


class Conflict(SemvidError):
    """The resource is in a state that forbids the request."""

    code = "CONFLICT"
    title = "Conflict"
    http_status = 409
    grpc_status = "FAILED_PRECONDITION"


class Busy(SemvidError):
    """All places are taken."""

    code = "BUSY"
    title = "Busy"
    http_status = 503
    grpc_status = "RESOURCE_EXHAUSTED"


class MissingComponent(SemvidError):
    """An optional component is not installed; the message names the command that installs it."""

    code = "MISSING_COMPONENT"
    title = "Missing component"
    http_status = 501
    grpc_status = "FAILED_PRECONDITION"


class LinkFailed(SemvidError):
    """The link broke off, or its peer broke the protocol."""

    code = "LINK_FAILED"
    title = "Link failed"
    http_status = 502
    grpc_status = "UNAVAILABLE"


class TransmissionFailed(SemvidError):
    """The channel was too bad for a unit without which nothing can be shown."""

    code = "TRANSMISSION_FAILED"
    title = "Transmission failed"
    http_status = 502
    grpc_status = "DATA_LOSS"


class Cancelled(SemvidError):
    """Somebody asked for the work to stop."""

    code = "CANCELLED"
    title = "Cancelled"
    http_status = 499
    grpc_status = "CANCELLED"
