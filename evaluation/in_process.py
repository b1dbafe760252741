"""The receiver of semvid inside one process, up to the pictures that it would show.

Its two cores (`receiver.reception`, `receiver.regeneration`) without the services, their files and the MP4.
That symbols and pictures equal those of the real services is tested (tests/integration/evaluation).
"""

from collections.abc import Iterator

from receiver.assembly import AssemblyLimits
from receiver.decoders.decoder import Decoder
from receiver.gaps import Gap
from receiver.reception import StreamReceiver
from receiver.regeneration import Regeneration
from semvid.images.finishing import finished
from semvid.images.restorer import Restorer
from semvid.images.types import Picture
from semvid.phy.arrays import Symbols
from semvid.phy.block import Reception
from semvid.waveform import SINGLE_CARRIER, Waveform


class ReceivingEnd:
    """The receiver's two cores. Keyframes stay in memory: for clips of some seconds only.

    Args:
        decoder: fills the frames between keyframes.
        restorer: of keyframes; None: none.
        waveform: how bursts were sent.

    Attributes:
        keyframes: frames of the decoded ones, in order.
    """

    def __init__(
        self, decoder: Decoder, restorer: Restorer | None = None, waveform: Waveform = SINGLE_CARRIER
    ) -> None:
        self.keyframes: list[int] = []
        self._decoder, self._restorer = decoder, restorer
        self._stream = StreamReceiver(AssemblyLimits(), decoder.uses_captions, waveform=waveform)
        self._pictures: dict[int, Picture] = {}  # by number, at the size of the video
        self._gaps: list[Gap] = []

    @property
    def frames(self) -> int:
        """Frames that `pictures` gives."""
        return self._stream.assembly.frames_known

    @property
    def losses(self) -> dict[str, int]:
        """Blocks and keyframes that never arrived, keyframes that could not be decoded or were not sent."""
        return {
            "blocks_lost": self._stream.tally.lost,
            "keyframes_lost": self._stream.assembly.keyframes_lost,
            "keyframes_undecodable": self._stream.assembly.undecodable_count,
            "keyframes_given_up": self._stream.assembly.given_up,
        }

    def take(self, symbols: Symbols) -> Reception:
        """Receives one burst; see `StreamReceiver.receive`."""
        reception = self._stream.receive(symbols)
        self._keep_keyframes()
        self._gaps += self._stream.gaps()
        return reception

    def end(self) -> bool:
        """No more bursts come; whether everything arrived."""
        self._stream.close()
        self._keep_keyframes()
        self._gaps += self._stream.finish()
        return self._stream.assembly.complete

    def pictures(self) -> Iterator[Picture]:
        """A pass over all frames, in order; those between keyframes are made anew in every pass.

        Raises:
            RegenerationFailed: the decoder failed twice; what the receiver would conceal is no result here.
        """
        header = self._stream.assembly.header
        if header is None:
            return
        regeneration = Regeneration(header, self._decoder, self._pictures.__getitem__)
        for gap in self._gaps:
            for _, pictures in regeneration.runs(gap):
                yield from pictures
                if regeneration.failure is not None:
                    raise regeneration.failure

    def _keep_keyframes(self) -> None:
        for keyframe in self._stream.keyframes():
            header = self._stream.assembly.header
            assert header is not None
            self._pictures[keyframe.number] = finished(
                keyframe.picture, header, keyframe.coding, self._restorer
            )
            self.keyframes.append(keyframe.frame)
