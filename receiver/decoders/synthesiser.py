"""The embedded decoder with a small network that has learned to draw better between two keyframes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from receiver.decoders.bridging import bridged
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.embedded import EmbeddedDecoder
from semvid.errors import InvalidInput
from semvid.images.synthesiser import COMMAND, SynthesisedBridge, Synthesiser
from semvid.images.types import Picture


class SynthesiserDecoder:
    """Corrects what the embedded decoder draws as a network says (`SynthesisedBridge`).

    It bridges the same gaps, and the transmitter tries them with the embedded decoder's interpolation.

    Args:
        argument: path of an ONNX model that ``semvid train synthesiser`` wrote.

    Raises:
        InvalidInput: no argument.
        MissingComponent, InvalidInput: see `semvid.images.synthesiser.Synthesiser`.
    """

    uses_captions = False

    def __init__(self, argument: str = "") -> None:
        if not argument:
            raise InvalidInput(
                "decoder synthesiser needs a model, such as synthesiser:DIR/synthesiser.onnx; make one with: "
                f"{COMMAND}"
            )
        self._argument, self._synthesiser = argument, Synthesiser(Path(argument))
        self.profile = replace(
            EmbeddedDecoder.profile, name="synthesiser", synthesiser=self._synthesiser.digest
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._argument,)

    def generate(
        self, request: SegmentRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Picture]:
        """See `receiver.decoders.decoder.Decoder`."""
        ends = partial(request.both_ends, self.profile)
        return bridged(lambda: SynthesisedBridge(self._synthesiser, *ends()), request, progress, cancelled)
