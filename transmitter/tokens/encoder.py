"""The transmitter's core where keyframes cross as tokens: frames in, shipments out.

Every keyframe stands alone and leaves at once. What is lost of it the receiver draws, so nothing comes again,
and there is no budget to keep. Pure, and called as `transmitter.encoder.Encoder` is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from semvid.images.keyframe_codec import EncodedPicture
from semvid.images.resize import at_size
from semvid.link.blocks import Delivery
from semvid.link.packing import CodedGroup
from semvid.link.record import LinkRecord
from semvid.link.token_packing import CodedTokens
from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.semantics import SideUnit, SoundHeader
from semvid.service.clock import StageClock
from semvid.tokens.model import TokenModel
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.analysis import Analysis
from transmitter.header import stream_header
from transmitter.keyframes.selection import Selected, Selecting
from transmitter.shipment import LayerRecord, Segment, Shipment, keyframe_facts
from transmitter.tokens.grids import TokenGrids
from transmitter.tokens.plan import TokenPlan
from transmitter.verdict import require_header


class TokenEncoder:
    """Turns one video into shipments.

    Args:
        source: of the frames.
        options: of the transmission.
        mllm: who captions.
        plan: density.
        model: makes the tokens.
        selecting: begins the selection of keyframes.
        clock: takes the seconds of reading, motion, selecting, captions and coding.
        sound: said beside the stream header.

    Attributes:
        layers: what became of the keyframes; all are in layer 0.
        captions_given_up: none ever is.
        record: what became of the tokens.
    """

    def __init__(
        self,
        source: SourceInfo,
        options: TransmissionOptions,
        mllm: Mllm,
        plan: TokenPlan,
        model: TokenModel,
        selecting: Selecting,
        clock: StageClock | None = None,
        sound: SoundHeader | None = None,
    ) -> None:
        self._clock = clock or StageClock()
        self._grids = TokenGrids(model, options.token_share or 1.0, source.width, source.height)
        self.layers: defaultdict[int, LayerRecord] = defaultdict(LayerRecord)
        self.captions_given_up = 0
        self.record = self._grids.record
        header = stream_header(source, options, self._grids.size)
        self._headers: list[SideUnit] = [header] if sound is None else [header, sound]  # until they leave
        self._analysis = Analysis(source, header, mllm, self._clock, selecting(lambda: plan.price))

    def segments(
        self, frames: Iterator[Frame], gone: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Analyses ``frames`` and closes one segment after another, until ``gone``."""
        yield from self._analysis.segments(frames, gone)

    def shipments(self, segment: Segment) -> Iterator[Shipment]:
        """That of the next segment; ahead of the first keyframe the header's, by which tokens are read."""
        headers, self._headers = self._headers, []
        if segment.keyframe is None:
            yield Shipment((segment,), [*headers, *segment.units])
            return
        with self._clock.stage("coding"):
            coded = self._coded(segment, segment.keyframe)
        if headers:
            alone = Segment([], None, 0, segment.frames_read, last=False)
            yield Shipment((alone,), headers)
        yield Shipment((segment,), segment.units, coded)

    def delivered(
        self,
        shipment: Shipment,
        delivery: Delivery,
        link: LinkRecord,
        for_sound: float = 0.0,  # noqa: ARG002
    ) -> bool:
        """See `transmitter.encoder.Encoder.delivered`; True: nothing is ever sent again.

        Raises:
            TransmissionFailed: the stream header was lost.
        """
        require_header(shipment, delivery, link, None)
        if (coded := shipment.coded) is not None:
            (packet,) = coded.packets
            self._grids.note(packet, delivery.lost)
            record = self.layers[0]
            record.sent, record.bytes = record.sent + 1, record.bytes + len(packet)
            record.lost += bool(coded.pictures_in(delivery.lost))
        return True

    def resource(self) -> dict[str, Any]:
        """JSON-ready: what became of keyframes, and of their tokens, so far."""
        return {
            **keyframe_facts(self.layers, self.captions_given_up),
            "tokens": asdict(self.record),
        }

    def close(self) -> None:
        """Nothing is held."""

    def _coded(self, segment: Segment, selected: Selected) -> CodedGroup:
        packet = self._grids.coded(at_size(selected.frame.picture, self._grids.size))
        picture = EncodedPicture(0, packet, refresh=False, leans_on=0, kept_in=0)
        return CodedTokens.of([picture], segment.number, [selected.frame.index], selected.shot_start)
