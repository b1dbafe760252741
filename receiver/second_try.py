"""What fails once is tried once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import structlog

from semvid.errors import Cancelled, SemvidError
from semvid.images.types import Picture

_log = structlog.get_logger(__name__)


class RegenerationFailed(SemvidError):
    """A segment could not be regenerated, twice; the message says why."""


def second_try(make: Callable[[], Iterator[Picture]], count: int) -> Iterator[Picture]:
    """Yields the ``count`` pictures that ``make`` yields; where it fails, a second one goes on.

    Both give the same pictures, as far as they get (`receiver.decoders.Decoder`).

    Raises:
        Cancelled: by ``make``; nothing is tried again then.
        RegenerationFailed: the second one failed too, or there were not ``count`` pictures.
    """
    yielded = 0
    for attempt in (1, 2):
        try:
            for picture in islice(make(), yielded, None):
                if yielded == count:
                    raise RuntimeError(f"the decoder gave more than {count} frames")
                yield picture
                yielded += 1
            if yielded == count:
                return
            raise RuntimeError(f"the decoder gave {yielded} of {count} frames")
        except Cancelled:
            raise
        except Exception as error:
            _log.warning("regeneration failed", attempt=attempt, frames_made=yielded, exc_info=error)
            if attempt == 2:
                reason = str(error) if isinstance(error, SemvidError) else f"{type(error).__name__}: {error}"
                raise RegenerationFailed(f"regeneration failed twice: {reason}") from error
