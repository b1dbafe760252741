"""The receiver of semvid inside one process, up to the pictures that it would show.

The transmitter's own `Sender` and `Transmission` talk to `InProcessCall` as they would to a `LinkCall`.
Behind it stand the channel (`evaluation.link`) and the receiver's modules in the order in which
`receiver.transmission` uses them; only the services, their files and the MP4 are left out. That symbols and
pictures equal those of the real services is tested (tests/integration/evaluation).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from evaluation.link import Air, Symbols
from receiver.assembly import Assembly
from receiver.block_tally import BlockTally
from receiver.decoders import Decoder
from receiver.gaps import Fill, Gap, Run, plan, segment_seed
from receiver.scaling import at_video_size
from semvid import bitstream
from semvid.errors import MalformedUnits
from semvid.images.keyframe_codec import KeyframeDecoder
from semvid.images.types import Picture
from semvid.phy.block import BlockReceiver, Reception, TbState
from semvid.semantics import StreamHeader, Unit
from semvid.wire.v1 import link_pb2 as pb

_STATES = {
    TbState.ABSENT: pb.TRANSPORT_BLOCK_STATE_UNSPECIFIED,
    TbState.DECODED: pb.TRANSPORT_BLOCK_STATE_DECODED,
    TbState.FAILED: pb.TRANSPORT_BLOCK_STATE_FAILED,
}


class ReceivingEnd:
    """Bursts in, pictures out. Keyframes stay in memory: for clips of some seconds only.

    Args:
        decoder: fills the frames between keyframes.

    Attributes:
        keyframes: decoded ones by frame, at the size of the video.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.keyframes: dict[int, Picture] = {}
        self._decoder = decoder
        self._receiver = BlockReceiver()
        self._tally = BlockTally()
        self._assembly = Assembly(wait_for_captions=decoder.uses_captions)
        self._picture_decoder: KeyframeDecoder | None = None
        self._last_picture = -1
        self._gaps: list[Gap] = []

    @property
    def frames(self) -> int:
        """Frames that `pictures` gives."""
        return self._assembly.frames_known

    @property
    def losses(self) -> dict[str, int]:
        """Blocks and keyframes that never arrived, keyframes that could not be decoded."""
        return {
            "blocks_lost": self._tally.lost,
            "keyframes_lost": self._assembly.keyframes_lost,
            "keyframes_undecodable": self._assembly.undecodable_count,
        }

    def take(self, symbols: Symbols) -> Reception:
        """Receives one burst; a payload that makes no sense counts as failed."""
        reception = self._receiver.receive(symbols)
        units = self._units_of(reception)
        if self._tally.begins_another(reception):
            self._gaps += self._assembly.release()
        self._tally.add(reception)
        for unit in units:
            for new in self._assembly.add(unit):
                if isinstance(new, StreamHeader):
                    self._picture_decoder = KeyframeDecoder(new.coded_width, new.coded_height)
        self._decode_keyframes()
        if self._tally.settled:
            self._gaps += self._assembly.release()
        return reception

    def end(self) -> bool:
        """No more bursts come; whether everything arrived."""
        self._tally.finish()
        self._gaps += self._assembly.finish()
        return self._assembly.complete

    def pictures(self) -> Iterator[Picture]:
        """A pass over all frames, in order; those between keyframes are made anew in every pass."""
        for gap in self._gaps:
            for run in plan(gap):
                yield from self._pictures_of(gap, run)

    def _units_of(self, reception: Reception) -> list[Unit]:
        units: list[Unit] = []
        if reception.protected is not None:
            parsed = _parsed(reception.protected)
            units += parsed or []
            reception.protected_state = TbState.FAILED if parsed is None else TbState.DECODED
        if reception.bulk is not None:
            parsed = _parsed(reception.bulk)
            units += parsed or []
            reception.bulk_state = TbState.FAILED if parsed is None else TbState.DECODED
        return units

    def _decode_keyframes(self) -> None:
        while (keyframe := self._assembly.next_keyframe()) is not None:
            assert self._picture_decoder is not None
            if keyframe.number != self._last_picture + 1:
                self._picture_decoder.reset()
            try:
                picture = self._picture_decoder.decode(keyframe.packet)
            except MalformedUnits:
                self._assembly.undecodable(keyframe)
            else:
                assert self._assembly.header is not None
                self.keyframes[keyframe.frame] = at_video_size(picture, self._assembly.header)
                self._last_picture = keyframe.number
                self._assembly.decoded(keyframe)

    def _pictures_of(self, gap: Gap, run: Run) -> Iterator[Picture]:
        if run.fill is Fill.HOLD_START:
            assert gap.start is not None
            return repeat(self.keyframes[gap.start.frame], len(run))
        assert gap.end is not None
        if run.fill is not Fill.BRIDGE:
            return repeat(self.keyframes[gap.end.frame], len(run))
        assert gap.start is not None
        assert self._assembly.header is not None
        return self._decoder.generate(
            start=self.keyframes[gap.start.frame],
            end=self.keyframes[gap.end.frame],
            caption=gap.caption,
            motion=gap.motion,
            num_frames=len(run),
            frame_rate=float(self._assembly.header.frame_rate),
            seed=segment_seed(self._assembly.header.seed, gap.start.frame, gap.end.frame),
            progress=lambda _: None,
            cancelled=lambda: False,
        )


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


def _parsed(payload: bytes) -> list[Unit] | None:
    try:
        return bitstream.unpack(payload)
    except MalformedUnits:
        return None
