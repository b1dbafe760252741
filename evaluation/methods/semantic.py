"""semvid itself: the cores of transmitter and receiver and the channel between them, in one process."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import Any, Final

from evaluation.clips import Clip
from evaluation.in_process import ReceivingEnd
from evaluation.link import Air, InProcessLink, verified
from evaluation.method import Conditions, Outcome
from receiver.decoders import make_decoder
from semvid.errors import TransmissionFailed
from semvid.images.restorer import named
from semvid.images.types import Picture
from semvid.link.blocks import BlockPayload, Delivery
from semvid.mllm.library import MllmLibrary
from semvid.mllm.settings import MllmSettings
from semvid.options import TransmissionOptions
from semvid.video.limits import VideoLimits
from semvid.video.reader import read_frames
from transmitter.coding import make_encoder, plan_for
from transmitter.deadline import Arrival, Timing, together, within_link
from transmitter.rate.footage import Footage
from transmitter.rate.model import LinkPrice
from transmitter.shipment import Shipment

_ATTEMPTS: Final = 4  # at a target
_CLOSE: Final = 0.97  # of the target
_AIM: Final = 0.98
_SEGMENTS_AHEAD: Final = 4  # the transmitter's default, by which its decisions lag behind
_LIMITS: Final = VideoLimits()


class Semvid:
    """The whole system with one choice of options.

    Args:
        name: of the row.
        options: of `semvid.options.TransmissionOptions`; channel and target CBR come with each run.
        decoder: of the receiver, as in its settings.
        planned_for: the link that a plan is made for; None: the one that there is. What comes after the plan
            goes by the link that there is.
        restorer: of the receiver, as in its settings.
    """

    def __init__(
        self,
        name: str,
        decoder: str = "embedded",
        planned_for: LinkPrice | None = None,
        restorer: str = "auto",
        **options: Any,
    ) -> None:
        self.name = name
        self._decoder_name, self._planned_for, self._options = decoder, planned_for, options
        self._restorer = named(restorer)
        self._mllms = MllmLibrary(MllmSettings())

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:  # noqa: ARG002
        """See `evaluation.method.Method`.

        The transmitter aims at a CBR as it would be at 10 dB, from the first seconds of a clip. It is asked
        again, with what came out in mind, until it spends what it may: rivals know their channel beforehand.
        """
        if target_cbr is None or self._planned_for is not None:
            return self.run_once(clip, conditions, target_cbr)
        asked, within, outcome = target_cbr, 0.0, None
        for _ in range(_ATTEMPTS):
            tried = self.run_once(clip, conditions, asked)
            spent = clip.cbr(tried.crossed)
            if within < spent <= target_cbr:
                within, outcome = spent, tried
            if tried.failed or _CLOSE * target_cbr <= spent <= target_cbr:
                break
            asked = min(1.0, asked * _AIM * target_cbr / spent)
        return outcome or replace(tried, settings=tried.settings | {"over_target": spent / target_cbr})

    def run_once(self, clip: Clip, conditions: Conditions, target_cbr: float | None) -> Outcome:
        """The way of `transmitter.pipeline` and `receiver.transmission`, in one thread."""
        options = within_link(TransmissionOptions(target_cbr=target_cbr, **self._options), clip.source)
        timing = Timing.of(options, clip.source)
        decoder = make_decoder(self._decoder_name)
        digest = "" if self._restorer is None else self._restorer.digest
        profile = replace(decoder.profile, restorer=digest)
        air, receiver = Air(conditions), ReceivingEnd(decoder, self._restorer)
        link = InProcessLink(air, receiver.take, options.mcs, options.retransmissions)
        read = partial(Footage.read, clip.path, clip.source, _LIMITS, options, profile)
        link.harq.hastens = timing is not None and timing.has_deadline
        price = self._planned_for or LinkPrice.of(link.harq.adapter)
        try:
            plan = plan_for(read, options, clip.source, price)
        except TransmissionFailed as error:
            spent = verified(link.harq.record.ledger.symbols, air)
            return Outcome(symbols=spent, crossed=air.crossed, settings={}, failed=str(error))
        mllm = self._mllms.open(options.mllm, options.scoring)

        def quote(shipment: Shipment, repeated: bool) -> float:
            symbols = link.harq.symbols_of(_blocks(shipment, link), repeated)
            return symbols if timing is None else timing.charged(shipment, symbols, link.harq.record)

        failed = ""
        arrivals: list[dict[str, Any]] = []
        encoding = make_encoder(plan, clip.source, options, profile, mllm, link.harq, quote, _SEGMENTS_AHEAD)
        with (
            closing(encoding) as encoder,
            closing(read_frames(clip.path, clip.source, _LIMITS)) as frames,
        ):
            try:
                for segment in encoder.segments(frames):
                    for shipment in encoder.shipments(segment):
                        delivery, arrived = ship(shipment, link, timing)
                        if encoder.delivered(shipment, delivery, link.harq.record) and timing is not None:
                            timing.note(arrived)
                            arrivals += [arrival.resource() for arrival in arrived]
            except TransmissionFailed as error:
                failed = str(error)
        receiver.end()
        record = link.harq.record
        symbols = verified(record.ledger.symbols, air)
        settings = {
            "options": options.model_dump(mode="json", exclude_defaults=True),
            "decoder": self._decoder_name,
            **({"restorer": digest} if digest else {}),
            **({"synthesiser": profile.synthesiser} if profile.synthesiser else {}),
            "operating_point": plan.resource(),
            "mcs": {c.value: dict(names) for c, names in record.mcs.items()},
            "blocks_sent": record.blocks_sent,
            "retransmissions": record.retransmissions,
            **({} if timing is None else {"delays": timing.delays.resource(), "arrivals": arrivals}),
        }
        if failed:
            return Outcome(symbols=symbols, crossed=air.crossed, settings=settings, failed=failed)
        return shown(clip, receiver, symbols, air, settings)


def ship(shipment: Shipment, link: InProcessLink, timing: Timing | None) -> tuple[Delivery, list[Arrival]]:
    """As `transmitter.pipeline` ships; with a deadline text first, and what is in time of the pictures."""
    blocks, most, record = _blocks(shipment, link), shipment.most_symbols, link.harq.record
    if timing is None:
        return link.ship(blocks, most), []
    first, then = timing.begin(shipment, blocks, record)
    before = record.ledger.total_symbols
    delivery = link.ship(first, most)
    if then:
        left = most - (record.ledger.total_symbols - before)
        delivery = together(delivery, link.ship(then, min(left, timing.room(shipment, record))))
    return delivery, timing.end(shipment, delivery, record)


def _blocks(shipment: Shipment, link: InProcessLink) -> list[BlockPayload]:
    return shipment.blocks(link.bulk_limit_bytes, link.harq.probe_bytes(shipment.most_symbols))


def shown(
    clip: Clip, receiver: ReceivingEnd, symbols: dict[str, int], air: Air, settings: dict[str, Any]
) -> Outcome:
    """The outcome of a transmission of keyframes; what is missing at the end holds the last picture."""
    settings = settings | receiver.losses
    missing = len(clip.pictures) - receiver.frames
    if not receiver.frames:
        reason = "no keyframe could be decoded"
        return Outcome(symbols=symbols, crossed=air.crossed, settings=settings, failed=reason)
    if missing:
        settings["frames_held_at_the_end"] = missing

    def pictures() -> Iterator[Picture]:
        last: Picture | None = None
        for picture in islice(receiver.pictures(), len(clip.pictures)):
            last = picture
            yield picture
        assert last is not None
        yield from repeat(last, missing)

    return Outcome(pictures, symbols, air.crossed, receiver.keyframes, settings)
