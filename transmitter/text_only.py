"""The transmitter's core where no keyframe has a picture (`Given.NOTHING`): frames in, shipments out.

Where a segment begins is said, and what happens in it; the receiver draws it from that. There is no budget to
keep. Pure, and called as `transmitter.encoder.Encoder` is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from semvid.link.blocks import Delivery
from semvid.link.record import LinkRecord
from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.semantics import Opening, SideUnit, SoundHeader
from semvid.service.clock import StageClock
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.analysis import Analysis
from transmitter.header import stream_header
from transmitter.keyframes.selection import Selecting
from transmitter.rate.plan import Plan
from transmitter.shipment import Segment, Shipment, keyframe_facts
from transmitter.verdict import require_header


class TextOnlyEncoder:
    """Turns one video into shipments.

    Args:
        source: of the frames.
        options: of the transmission.
        mllm: who captions.
        plan: density.
        selecting: begins the selection of frames that open segments.
        clock: takes the seconds of reading, motion, selecting and captions.
        sound: said beside the stream header.
    """

    def __init__(
        self,
        source: SourceInfo,
        options: TransmissionOptions,
        mllm: Mllm,
        plan: Plan,
        selecting: Selecting,
        clock: StageClock | None = None,
        sound: SoundHeader | None = None,
    ) -> None:
        header = stream_header(source, options)
        self._headers: list[SideUnit] = [header] if sound is None else [header, sound]  # until they leave
        selection = selecting(lambda: plan.point.price)
        self._analysis = Analysis(source, header, mllm, clock or StageClock(), selection)

    def segments(
        self, frames: Iterator[Frame], gone: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Analyses ``frames`` and closes one segment after another, until ``gone``."""
        yield from self._analysis.segments(frames, gone)

    def shipments(self, segment: Segment) -> Iterator[Shipment]:
        """The one shipment of the next segment: what is said of it, and what opens the one behind it."""
        units, self._headers = [*self._headers, *segment.units], []
        if (selected := segment.keyframe) is not None:
            units.append(Opening(segment.number, selected.frame.index, selected.shot_start))
        yield Shipment((segment,), units)

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
        return True

    def resource(self) -> dict[str, Any]:
        """JSON-ready: there are no keyframes, and no caption is given up."""
        return keyframe_facts({}, captions_given_up=0)

    def close(self) -> None:
        """Nothing is held."""
