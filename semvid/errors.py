"""Every error that semvid raises on purpose, in one tree.

Each class fixes its HTTP status and gRPC status name, so that the same mistake reads the same at every door.
A message names the actor, the limit, the value and the remedy.
"""

import re
from typing import ClassVar


class SemvidError(Exception):
    """Root of the tree. ``str(error)`` is a sentence fit for the user.

    ``code`` and ``title`` follow from the names of the classes here; others pass for their parents.
    """

    code: ClassVar[str] = "INTERNAL"
    title: ClassVar[str] = "Internal error"
    http_status: ClassVar[int] = 500
    grpc_status: ClassVar[str] = "INTERNAL"

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            return
        words = re.sub("(?<=[a-z])(?=[A-Z])", " ", cls.__name__)
        cls.code = words.upper().replace(" ", "_")
        cls.title = vars(cls).get("title", words.capitalize())


class InvalidInput(SemvidError):
    """The caller's data or options are wrong."""

    http_status = 422
    grpc_status = "INVALID_ARGUMENT"


class UnsupportedMedia(InvalidInput):
    """The file is not a video that semvid accepts."""

    http_status = 415


class LimitExceeded(InvalidInput):
    """A bound was passed; the message names limit, value and remedy."""

    http_status = 413
    grpc_status = "RESOURCE_EXHAUSTED"


class MalformedUnits(InvalidInput):
    """Bytes that are not a valid sequence of semantic units."""

    title = "Malformed semantic units"


class Unauthorized(SemvidError):
    """The service asks for a key, and none that it knows was shown."""

    http_status = 401
    grpc_status = "UNAUTHENTICATED"


class Forbidden(SemvidError):
    """Whoever asks may not, for example a web page of another origin."""

    http_status = 403
    grpc_status = "PERMISSION_DENIED"


class TooSlow(SemvidError):
    """The other end did not send in time what it had announced."""

    http_status = 408
    grpc_status = "DEADLINE_EXCEEDED"


class Misdirected(SemvidError):
    """The request is meant for a host that this service is not."""

    http_status = 421
    grpc_status = "INVALID_ARGUMENT"


class QuotaExceeded(SemvidError):
    """A key has been used as often as it may be; later it may be again."""

    http_status = 429
    grpc_status = "RESOURCE_EXHAUSTED"


class NotFound(SemvidError):
    """No such transmission, video or keyframe."""

    http_status = 404
    grpc_status = "NOT_FOUND"


class Conflict(SemvidError):
    """The resource is in a state that forbids the request."""

    http_status = 409
    grpc_status = "FAILED_PRECONDITION"


class Gone(SemvidError):
    """What is asked for was here and is not kept any more."""

    http_status = 410
    grpc_status = "NOT_FOUND"


class Busy(SemvidError):
    """All places are taken; try again later."""

    http_status = 503
    grpc_status = "RESOURCE_EXHAUSTED"


class StorageFull(SemvidError):
    """A disk, a quota or a limit of the system lets nothing more be written."""

    http_status = 507
    grpc_status = "RESOURCE_EXHAUSTED"


class MissingComponent(SemvidError):
    """An optional component is not installed; the message names the command that installs it."""

    http_status = 501
    grpc_status = "FAILED_PRECONDITION"


class LinkFailed(SemvidError):
    """The link broke off, or its peer broke the protocol."""

    http_status = 502
    grpc_status = "UNAVAILABLE"


class TransmissionFailed(SemvidError):
    """The channel was too bad for a unit without which nothing can be shown."""

    http_status = 502
    grpc_status = "DATA_LOSS"


class Cancelled(SemvidError):
    """Somebody asked for the work to stop."""

    http_status = 499
    grpc_status = "CANCELLED"
