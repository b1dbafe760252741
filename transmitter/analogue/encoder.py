"""The transmitter's core where keyframes cross as symbols without bits: frames in, shipments out.

Every keyframe stands alone and leaves at once, in one burst with its side information. Nothing leans on it,
so nothing is coded anew where it is lost. Pure, and called as `transmitter.encoder.Encoder` is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from semvid.images.jscc.code import Analysed, Coded
from semvid.images.jscc.networks import Networks
from semvid.images.resize import at_size
from semvid.link.blocks import Delivery
from semvid.link.record import LinkRecord
from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.phy.adaptation import MAX_BULK_SYMBOLS
from semvid.phy.analogue import AnalogueBlock
from semvid.semantics import AnalogueKeyframe, SideUnit, SoundHeader
from semvid.service.clock import StageClock
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.analogue.pace import Pace
from transmitter.analogue.plan import AnaloguePlan, least_symbols
from transmitter.analysis import Analysis
from transmitter.header import stream_header
from transmitter.keyframes.selection import Selected, Selecting
from transmitter.rate.control import Budget
from transmitter.rate.model import LinkPrice, coded_size
from transmitter.shipment import AnaloguePicture, LayerRecord, Quote, Segment, Shipment, keyframe_facts
from transmitter.verdict import require_header, require_pictures

_SMALLEST_STEP: Final = 32  # symbols that are left out at least where a try had no room


@dataclass(frozen=True, slots=True)
class AnalogueLink:
    """What the encoder asks of the link as it is now.

    Attributes:
        snr_db: Es/N0 to be expected of the next burst.
        price: what the link charges.
        quote: what a shipment takes.
    """

    snr_db: Callable[[], float]
    price: Callable[[], LinkPrice]
    quote: Quote


class AnalogueEncoder:
    """Turns one video into shipments.

    Args:
        source: of the frames.
        options: of the transmission.
        mllm: who captions.
        plan: density, size and symbols.
        networks: of the code.
        selecting: begins the selection of keyframes.
        link: as it is now.
        clock: takes the seconds of reading, motion, selecting, captions and coding.
        sound: said beside the stream header.

    Attributes:
        layers: what became of the keyframes; all are in layer 0.
        captions_given_up: none ever is.
    """

    def __init__(
        self,
        source: SourceInfo,
        options: TransmissionOptions,
        mllm: Mllm,
        plan: AnaloguePlan,
        networks: Networks,
        selecting: Selecting,
        link: AnalogueLink,
        clock: StageClock | None = None,
        sound: SoundHeader | None = None,
    ) -> None:
        self._plan, self._networks, self._link = plan, networks, link
        self._clock = clock or StageClock()
        self.layers: defaultdict[int, LayerRecord] = defaultdict(LayerRecord)
        self.captions_given_up = 0
        self._budget = Budget.for_target(options, source)
        self._pace = Pace(self._budget, plan.keyframes_per_frame)
        self._least = least_symbols(source, plan.scale)
        self._size = coded_size(source, plan.scale)
        header = stream_header(source, options, self._size)
        self._headers: list[SideUnit] = [header] if sound is None else [header, sound]
        self._analysis = Analysis(source, header, mllm, self._clock, selecting(lambda: plan.price))

    def segments(
        self, frames: Iterator[Frame], gone: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Analyses ``frames`` and closes one segment after another, until ``gone``."""
        yield from self._analysis.segments(frames, gone)

    def shipments(self, segment: Segment) -> Iterator[Shipment]:
        """The one shipment of the next segment, when it is asked for. Call `delivered` with it."""
        if segment.keyframe is None:
            most = self._pace.most(segment.last, self._link.price().block_symbols)
            yield Shipment((segment,), self._units_of(segment), most_symbols=most)
            return
        with self._clock.stage("coding"):
            shipment = self._coded(segment, segment.keyframe)
        yield shipment

    def delivered(
        self, shipment: Shipment, delivery: Delivery, link: LinkRecord, for_sound: float = 0.0
    ) -> bool:
        """See `transmitter.encoder.Encoder.delivered`; True: nothing is ever sent again.

        Raises:
            TransmissionFailed: the stream header was lost, or no picture arrived at all.
        """
        require_header(shipment, delivery, link, self._budget)
        self._pace.note_spent(link.ledger.total_symbols - round(for_sound))
        record = self.layers[0]
        if (picture := shipment.analogue) is not None:
            sent = picture.symbols is not None
            record.sent, record.given_up = record.sent + sent, record.given_up + (not sent)
            record.bytes += len(picture.keyframe.side)
            record.lost += sent and bool(delivery.lost)
        if shipment.segments[-1].last:
            require_pictures(record.sent - record.lost, link, self._budget)
        return True

    def resource(self) -> dict[str, Any]:
        """JSON-ready: what became of keyframes so far."""
        return keyframe_facts(self.layers, self.captions_given_up)

    def close(self) -> None:
        """Nothing is held."""

    def _coded(self, segment: Segment, selected: Selected) -> Shipment:
        """The keyframe with as many symbols as there is room for; given up where that is too few."""
        price = self._link.price()
        room = self._pace.share(selected.frame.index, segment.last, price.block_symbols)
        most = self._pace.most(segment.last, price.block_symbols)
        analysed = Analysed(self._networks, at_size(selected.frame.picture, self._size), self._link.snr_db())
        wanted = min(room, self._most_symbols)
        while wanted >= self._least:
            coded = analysed.code(int(wanted), price.symbols_beside(1) / 8)
            shipment = self._shipment(segment, selected, coded, most)
            excess = 0.0 if self._budget is None else self._link.quote(shipment, repeated=False) - room
            if excess <= 0:
                return shipment
            wanted = min(wanted, len(coded.symbols)) - max(excess, _SMALLEST_STEP)
        return self._shipment(segment, selected, None, most)

    @property
    def _most_symbols(self) -> int:
        """Without bits, of a keyframe: what the plan says, and where a budget is kept what a burst holds."""
        return self._plan.symbols if self._budget is None else MAX_BULK_SYMBOLS

    def _shipment(self, segment: Segment, selected: Selected, coded: Coded | None, most: float) -> Shipment:
        side = b"" if coded is None else coded.side
        keyframe = AnalogueKeyframe(segment.number, selected.frame.index, side, selected.shot_start)
        symbols = None if coded is None else AnalogueBlock.padded(coded.symbols)
        picture = AnaloguePicture(keyframe, symbols)
        return Shipment((segment,), self._units_of(segment), most_symbols=most, analogue=picture)

    def _units_of(self, segment: Segment) -> list[SideUnit]:
        return [*(self._headers if segment.number == 0 else []), *segment.units]
