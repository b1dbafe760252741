"""An encoder, what it is given, and a receiver that decodes what it sends, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, count

from semvid import bitstream
from semvid.accounting import SymbolClass
from semvid.images import keyframe_codec
from semvid.images.fidelity import psnr_db
from semvid.images.keyframe_codec import KeyframeDecoder
from semvid.images.obu import ReferenceLost
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.link.blocks import Delivery
from semvid.link.record import LinkRecord
from semvid.options import Focus, TransmissionOptions
from semvid.profile import Given, Profile
from semvid.psss import Answer
from semvid.semantics import PictureCoding, StreamHeader
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, source, still
from transmitter.encoder import Encoder
from transmitter.keyframes import selecting
from transmitter.rate.model import AT_10_DB, Forecast, LinkPrice, OperatingPoint
from transmitter.rate.plan import Plan
from transmitter.shipment import Quote, Segment, Shipment

FRAMES = 60
PROFILE = Profile("embedded", longest_gap_s=1.0, closed_loop=True, draws_from=frozenset(Given))
AHEAD = 3
PRICE = replace(AT_10_DB, bits_per_symbol=2.5)
"""Of the link, if nothing else is said."""
EACH = {"keyframe_method": "skim", "keyframe_count": FRAMES}
"""Options under which every frame is a keyframe."""
CODINGS = [c.value for c in keyframe_codec.CODINGS if c is not PictureCoding.PORTRAIT]
"""Of AV1, for pictures of anything."""


class Mute:
    """Sees no difference in anything."""

    name = "mute"

    def compare(
        self,
        reference: Picture,
        candidates: Sequence[Picture],
        focus: Focus,
    ) -> list[Answer]:
        return [Answer(0.9, 0.1) for _ in candidates]

    def caption(self, frames: Sequence[Picture]) -> str:
        return "A picture."


def story() -> Iterator[Frame]:
    """Calm, then moving, then, behind a cut, something new in every frame."""
    return chain(still(20), pan(25, 2.0, first=20), flicker(FRAMES - 45, first=45))


def shots(cut: int = 33) -> Iterator[Frame]:
    return chain(pan(cut, 1.3), pan(FRAMES - cut, 1.3, seed=7, first=cut))


def encoder(
    announced: int = FRAMES,
    bits_per_symbol: float = 2.5,
    scale: float = 1.0,
    dearer: float = 1.0,
    link: Callable[[], LinkPrice] | None = None,
    **options: object,
) -> Encoder:
    """``link``: what is known of it, where that changes on the way."""
    chosen = TransmissionOptions.model_validate({"candidate_spacing_s": 1.0, **options})
    point = OperatingPoint(40.0, 0.3, scale, preset=8)
    plan = Plan(point, Forecast(100.0, 200.0, 10) if chosen.target_cbr else None)
    price = link or (lambda: replace(AT_10_DB, bits_per_symbol=bits_per_symbol))
    info, mllm = source(announced), Mute()
    begin = selecting(chosen, info, PROFILE, mllm)
    return Encoder(info, chosen, mllm, plan, begin, AHEAD, price, quoted(price, dearer))


def quoted(link: Callable[[], LinkPrice], dearer: float) -> Quote:
    """What shipments take: the estimate that plans are made with, and pictures ``dearer`` times that."""

    def quote(shipment: Shipment, repeated: bool) -> float:
        price = link()
        beside = price.symbols_beside(len(bitstream.pack(shipment.units)))
        return beside + (dearer * price.symbols_of(size(shipment)) if shipment.coded else price.block_symbols)

    return quote


def record(symbols: int, keyframe_symbols: int) -> LinkRecord:
    link = LinkRecord(rounds=3, snr_db=10.0)
    link.ledger.add(SymbolClass.CONTROL, symbols - keyframe_symbols)
    link.ledger.add(SymbolClass.KEYFRAME, keyframe_symbols)
    return link


Losses = Callable[[Shipment], Sequence[range]]
"""Stretches of a shipment's bytes that are lost."""


def nothing(_: Shipment) -> list[range]:
    return []


def all_of(number: int) -> Losses:
    """Loses the pictures of one shipment, which is the ``number``-th."""
    sent = count()
    return lambda shipment: [range(size(shipment))] if next(sent) == number else []


class Receiver:
    """Takes what arrives of each shipment and decodes it.

    Attributes:
        shipments: all.
        size: width and height of coded pictures, as the header says.
        frames: source frames of the decoded keyframes, in coding order.
    """

    def __init__(self, pictures: list[Picture]) -> None:
        self.shipments: list[Shipment] = []
        self.frames: list[int] = []
        self._pictures, self.size, self._decoder = pictures, (WIDTH, HEIGHT), KeyframeDecoder(WIDTH, HEIGHT)

    @property
    def coded(self) -> list[Shipment]:
        """Those with pictures, or what is left of them."""
        return [shipment for shipment in self.shipments if shipment.coded is not None]

    def take(self, shipment: Shipment, losses: Losses) -> Delivery:
        self.shipments.append(shipment)
        for header in shipment.units:
            if isinstance(header, StreamHeader):
                self.size = header.coded_width, header.coded_height
                self._decoder = KeyframeDecoder(*self.size)
        if (coded := shipment.coded) is None:
            return Delivery()
        delivery = Delivery(lost=tuple(losses(shipment)))
        lost = coded.pictures_in(delivery.lost)
        for index, (described, packet) in enumerate(zip(coded.group.pictures, coded.packets, strict=True)):
            if index in lost or not packet:
                self._decoder.lose(described.kept_in)
                continue
            try:
                picture = self._decoder.decode(packet)
            except ReferenceLost:
                assert lost, f"the sender knew that keyframe {described.frame} leans on one that is missing"
                continue
            self.frames.append(described.frame)
            assert shipment.crf is not None
            least = 24 if shipment.crf < 60 else 18
            source = at_size(self._pictures[described.frame], self.size)
            assert psnr_db(picture, source) > least or self.size != (WIDTH, HEIGHT)  # another frame: below 17
        return delivery


def transmit(
    core: Encoder, losses: Losses = nothing, frames: Callable[[], Iterator[Frame]] = story
) -> Receiver:
    receiver = Receiver([frame.picture for frame in frames()])
    with closing(core):
        for segment in core.segments(frames()):
            for shipment in core.shipments(segment):
                sent = len(receiver.shipments) + 1
                core.delivered(shipment, receiver.take(shipment, losses), record(900 * sent, 500 * sent))
    return receiver


def slow_pan() -> Iterator[Frame]:
    return pan(FRAMES, 1.3)


def size(shipment: Shipment) -> int:
    return 0 if shipment.coded is None else shipment.coded.group.size


def layers(shipment: Shipment, sent: bool) -> list[int]:
    """Those of the pictures that were sent, or of those that were given up."""
    assert shipment.coded is not None
    group = shipment.coded.group
    return [
        layer
        for layer, picture in zip(group.layers(), group.pictures, strict=True)
        if (picture.size > 0) == sent
    ]


def keyframes(segments: Iterable[Segment]) -> list[int]:
    return [one.keyframe.frame.index for one in segments if one.keyframe is not None]


def too_dear(coding: str) -> list[tuple[float | None, bool, list[bytes]]]:
    """CRF, whether it stands alone, and packets of each group of a video that costs three times its plan."""
    core = encoder(2000, target_cbr=0.006, coding=coding, keyframe_method="skim", keyframe_count=2000)
    sent = []
    spent = 0
    with closing(core):
        for segment in core.segments(slow_pan()):
            for shipment in core.shipments(segment):
                spent += 300 * len(shipment.segments)
                core.delivered(shipment, Delivery(), record(spent, spent * 9 // 10))
                if (coded := shipment.coded) is not None:
                    sent.append((shipment.crf, coded.group.refresh, list(coded.packets)))
    return sent
