"""The frames of a segment from a bridge between its keyframes, whoever draws them."""

from collections.abc import Callable, Iterator
from typing import Protocol

from receiver.decoders.decoder import SegmentRequest
from semvid.errors import Cancelled
from semvid.images.types import Picture


class Bridge(Protocol):
    """The gap between two keyframes."""

    def frame(self, t: float) -> Picture:
        """The picture at ``t``, 0 (start) .. 1 (end), uint8 RGB [height, width, 3]."""


def bridged(
    make: Callable[[], Bridge],
    request: SegmentRequest,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> Iterator[Picture]:
    """What `receiver.decoders.decoder.Decoder.generate` yields; the bridge is made with the first frame.

    Raises:
        Cancelled: ``cancelled`` said so.
    """
    bridge = make()
    for number in range(1, request.num_frames + 1):
        if cancelled():
            raise Cancelled("regeneration was stopped")
        yield bridge.frame(number / (request.num_frames + 1))
        progress(number / request.num_frames)
