"""The receiver of semvid inside one process, up to the pictures that it would show.

The transmitter's own `Sender` and `Transmission` talk to `InProcessCall` as they would to a `LinkCall`.
Behind it stand the channel (`evaluation.link`) and the receiver's cores (`receiver.reception`,
`receiver.regeneration`); only the services, their files and the MP4 are left out. That symbols and pictures
equal those of the real services is tested (tests/integration/evaluation).
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.link import Air, Symbols
from receiver.assembly import AssemblyLimits
from receiver.decoders.decoder import Decoder
from receiver.gaps import Gap
from receiver.reception import StreamReceiver
from receiver.regeneration import Regeneration
from receiver.scaling import at_video_size
from semvid.images.types import Picture
from semvid.phy.block import Reception, TbState
from semvid.wire.v1 import link_pb2 as pb

_STATES = {
    TbState.ABSENT: pb.TRANSPORT_BLOCK_STATE_UNSPECIFIED,
    TbState.DECODED: pb.TRANSPORT_BLOCK_STATE_DECODED,
    TbState.FAILED: pb.TRANSPORT_BLOCK_STATE_FAILED,
}


class ReceivingEnd:
    """The receiver's two cores. Keyframes stay in memory: for clips of some seconds only.

    Args:
        decoder: fills the frames between keyframes.

    Attributes:
        keyframes: decoded ones by frame, at the size of the video.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.keyframes: dict[int, Picture] = {}
        self._decoder = decoder
        self._stream = StreamReceiver(AssemblyLimits(), decoder.uses_captions)
        self._numbered: dict[int, Picture] = {}
        self._gaps: list[Gap] = []

    @property
    def frames(self) -> int:
        """Frames that `pictures` gives."""
        return self._stream.assembly.frames_known

    @property
    def losses(self) -> dict[str, int]:
        """Blocks and keyframes that never arrived, keyframes that could not be decoded."""
        return {
            "blocks_lost": self._stream.tally.lost,
            "keyframes_lost": self._stream.assembly.keyframes_lost,
            "keyframes_undecodable": self._stream.assembly.undecodable_count,
        }

    def take(self, symbols: Symbols) -> Reception:
        """Receives one burst; see `StreamReceiver.receive`."""
        reception = self._stream.receive(symbols)
        for keyframe, picture in self._stream.keyframes():
            assert self._stream.assembly.header is not None
            shown = at_video_size(picture, self._stream.assembly.header)
            self.keyframes[keyframe.frame] = self._numbered[keyframe.number] = shown
        self._gaps += self._stream.gaps()
        return reception

    def end(self) -> bool:
        """No more bursts come; whether everything arrived."""
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
        regeneration = Regeneration(header, self._decoder, self._numbered.__getitem__)
        for gap in self._gaps:
            for _, pictures in regeneration.runs(gap):
                yield from pictures
                if regeneration.failure is not None:
                    raise regeneration.failure


class InProcessCall:
    """What a `transmitter.link_call.LinkCall` offers, without a network.

    Args:
        air: to cross; nothing else may use it.
        receiver: at the other end.
        decoder: whose profile the receiver announces.
    """

    def __init__(self, air: Air, receiver: ReceivingEnd, decoder: Decoder) -> None:
        self.profile = decoder.profile
        self.video_url = ""
        self._air, self._receiver = air, receiver
        self._return_bytes = 0

    async def exchange(self, symbols: Symbols) -> pb.BlockReport:
        """One burst across the air; the receiver's report on it."""
        sequence = self._air.blocks
        reception = self._receiver.take(self._air.cross(symbols))
        report = pb.BlockReport(
            sequence=sequence,
            control_decoded=reception.control is not None,
            protected=_STATES[reception.protected_state],
            bulk=_STATES[reception.bulk_state],
            snr_db=reception.snr_db,
            effective_snr_db=reception.effective_snr_db,
        )
        self._return_bytes += pb.TransmitResponse(report=report).ByteSize()
        return report

    async def finish(self) -> pb.TransmitSummary:
        """No more bursts come."""
        complete = self._receiver.end()
        return pb.TransmitSummary(
            blocks=self._air.blocks,
            symbols=self._air.crossed,
            frames=self._receiver.frames,
            complete=complete,
            return_bytes=self._return_bytes,
        )
