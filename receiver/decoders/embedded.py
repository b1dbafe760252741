"""The decoder without weights: optical flow both ways, on the CPU, deterministic."""

from collections.abc import Callable, Iterator
from functools import partial

from receiver.decoders.bridging import bridged
from receiver.decoders.decoder import SegmentRequest
from semvid.errors import InvalidInput
from semvid.images.interpolation import Bridge
from semvid.images.types import Picture
from semvid.profile import Profile


class EmbeddedDecoder:
    """Moves each keyframe along the measured flow towards the other and blends them (`Bridge`).

    It needs neither caption nor motion score, so it never waits for them. The transmitter runs the same
    interpolation to find out what this decoder can bridge (``closed_loop``).
    """

    profile = Profile(name="embedded", longest_gap_s=2.2, closed_loop=True, keeps_hdr=True)
    uses_captions = False

    def __init__(self, argument: str = "") -> None:
        if argument:
            raise InvalidInput(f"decoder embedded takes no argument, got {argument!r}")

    def generate(
        self, request: SegmentRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Picture]:
        """See `receiver.decoders.decoder.Decoder`."""
        ends = partial(request.both_ends, self.profile)
        return bridged(lambda: Bridge(*ends()), request, progress, cancelled)
