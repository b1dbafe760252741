"""The core that sends keyframes without bits: real networks, no link."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from semvid.errors import TransmissionFailed
from semvid.images.fidelity import psnr_db
from semvid.images.jscc.code import Side, decode
from semvid.images.jscc.networks import shipped
from semvid.link.blocks import Delivery
from semvid.link.harq import HarqSender
from semvid.options import TransmissionOptions
from semvid.semantics import AnalogueKeyframe, StreamEnd, StreamHeader
from tests.unit.transmitter.clips import source
from tests.unit.transmitter.encoding import FRAMES, PROFILE, Mute, keyframes, record, story
from transmitter.analogue.encoder import AnalogueEncoder, AnalogueLink
from transmitter.analogue.plan import AnaloguePlan
from transmitter.keyframes import selecting
from transmitter.rate.model import AT_10_DB
from transmitter.shipment import Shipment

PLAN = AnaloguePlan(price=0.3, scale=1.0, symbols=600, keyframes_per_frame=0.2)
LOST = Delivery(True, (range(0),))


@cache
def link() -> HarqSender:
    """One over which a sounding was heard at 10 dB."""
    sender = HarqSender()
    sender.adapter.observe(10.0, 10.0, sounding=True)
    return sender


def quote(shipment: Shipment, repeated: bool) -> float:
    return link().symbols_of(shipment.blocks(8000), repeated)


def encoder(plan: AnaloguePlan = PLAN, snr_db: float = 10.0, **options: object) -> AnalogueEncoder:
    chosen = TransmissionOptions.model_validate({"coding": "jscc", "candidate_spacing_s": 1.0, **options})
    known = AnalogueLink(lambda: snr_db, lambda: AT_10_DB, quote)
    begin = selecting(chosen, source(), PROFILE, Mute())
    return AnalogueEncoder(source(), chosen, Mute(), plan, shipped(), begin, known)


def transmit(
    core: AnalogueEncoder, lost: Callable[[int], bool] = lambda _: False
) -> tuple[list[Shipment], float]:
    """All shipments, and what they took; without room nothing of one leaves."""
    sent: list[Shipment] = []
    spent = 0.0
    for segment in core.segments(story()):
        for shipment in core.shipments(segment):
            takes = quote(shipment, repeated=False)
            fits = takes <= shipment.most_symbols
            spent += takes if fits else 0.0
            delivery = LOST if lost(len(sent)) or not fits else Delivery()
            assert core.delivered(shipment, delivery, record(math.ceil(spent), 0))
            sent.append(shipment)
    return sent, spent


def described(shipment: Shipment) -> AnalogueKeyframe:
    assert shipment.analogue is not None
    return shipment.analogue.keyframe


def test_each_keyframe_leaves_at_once_and_stands_alone() -> None:
    sent, _ = transmit(encoder(replace(PLAN, symbols=2300)))
    assert [described(one).frame for one in sent] == keyframes([s for one in sent for s in one.segments])
    assert [described(one).number for one in sent] == list(range(len(sent)))
    assert isinstance(sent[0].units[0], StreamHeader)
    assert sent[0].units[0].coding == "jscc"
    assert any(isinstance(unit, StreamEnd) for unit in sent[-1].units)
    pictures = {frame.index: frame.picture for frame in story()}
    for one in sent:
        assert one.analogue is not None
        assert one.analogue.symbols is not None
        side = Side.of(described(one).side)
        symbols = one.analogue.symbols.symbols[: side.symbols]
        assert 0 <= one.analogue.count - side.symbols < 8
        shown = decode(shipped(), side, symbols, np.full(len(symbols), 1e-3))
        others = [psnr_db(shown, picture) for frame, picture in pictures.items() if frame % 7 == 3]
        assert psnr_db(shown, pictures[described(one).frame]) > 17 > np.median(others)
    assert any(described(one).shot_start for one in sent), "there is a cut in the story"


def test_the_same_options_send_the_same_symbols() -> None:
    first, second = (transmit(encoder())[0] for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert described(one) == described(other)
        assert one.analogue is not None
        assert other.analogue is not None
        assert np.array_equal(one.analogue.symbols.symbols, other.analogue.symbols.symbols)  # type: ignore[union-attr]


def test_it_is_planned_for_the_snr_that_was_reported() -> None:
    planned = {
        snr_db: Side.of(described(transmit(encoder(snr_db=snr_db))[0][0]).side).planned for snr_db in (2, 12)
    }
    assert planned == {2: 8, 12: 48}


@pytest.mark.parametrize("target_cbr", [8e-3, 2e-2])
def test_a_target_is_kept_and_used(target_cbr: float) -> None:
    allowed = target_cbr * 3 * 96 * 64 * FRAMES
    core = encoder(target_cbr=target_cbr)
    sent, spent = transmit(core)
    assert 0.7 * allowed < spent <= allowed
    assert core.layers[0].sent >= len(sent) - 2, "more come at the end than were planned for"
    assert sent[-1].analogue is not None
    assert sent[-1].analogue.symbols is not None, "the last keyframe has its share"


def test_what_has_no_room_is_given_up_and_described_as_that() -> None:
    """The plan expected far fewer keyframes than come."""
    core = encoder(replace(PLAN, keyframes_per_frame=0.0), target_cbr=3e-3)
    sent, spent = transmit(core)
    without = [one for one in sent if one.analogue is not None and one.analogue.symbols is None]
    assert without
    assert all(described(one).side == b"" for one in without)
    assert core.layers[0].given_up == len(without)
    assert core.layers[0].sent == len(sent) - len(without) > 0
    assert spent <= 3e-3 * 3 * 96 * 64 * FRAMES * 1.02


def test_a_lost_keyframe_is_counted_and_nothing_comes_again() -> None:
    core = encoder()
    sent, _ = transmit(core, lost=lambda number: number == 2)
    assert core.layers[0].lost == 1
    assert [described(one).number for one in sent] == list(range(len(sent)))


def test_a_video_of_which_no_picture_arrives_has_failed() -> None:
    with pytest.raises(TransmissionFailed, match="no picture arrived"):
        transmit(encoder(), lost=lambda _: True)


def test_a_lost_header_ends_it() -> None:
    core = encoder()
    segment = next(core.segments(story()))
    (shipment,) = core.shipments(segment)
    with pytest.raises(TransmissionFailed, match="the stream header was lost"):
        core.delivered(shipment, Delivery(False, (range(0),)), record(900, 500))
