"""What the encoder gives up, and codes anew, where there is no room for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count, pairwise

import numpy as np
import pytest

from semvid.errors import TransmissionFailed
from semvid.link.blocks import Delivery
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.semantics import Caption, StreamEnd
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH
from tests.unit.transmitter.encoding import (
    EACH,
    FRAMES,
    PRICE,
    Receiver,
    all_of,
    encoder,
    keyframes,
    layers,
    nothing,
    quoted,
    record,
    shots,
    size,
    slow_pan,
    too_dear,
    transmit,
)
from transmitter.rate.model import LinkPrice


@pytest.mark.parametrize("bits_per_symbol", [0.2, 0.05])
def test_what_is_too_dear_is_given_up_from_the_top(bits_per_symbol: float) -> None:
    core = encoder(bits_per_symbol=bits_per_symbol, target_cbr=0.02, **EACH)
    receiver = transmit(core, frames=slow_pan)
    *shipments, last = receiver.coded
    assert (
        len(keyframes(last.segments)) == 1
    )  # where a sequence ends with a group of one, that leans on others
    for shipment in shipments:
        sent, not_sent = layers(shipment, sent=True), layers(shipment, sent=False)
        assert 0 in sent
        assert 0 not in not_sent
        assert min(not_sent, default=9) >= max(sent)
    assert len(shipments) <= len(receiver.frames) < FRAMES


def test_a_budget_without_room_for_any_picture_is_said_to_be_one() -> None:
    core = encoder(bits_per_symbol=0.01, target_cbr=0.02, **EACH)
    with pytest.raises(TransmissionFailed, match=r"no picture arrived within the 22,561 symbols.*target CBR"):
        transmit(core, frames=slow_pan)
    assert core.layers[0].given_up > 0
    assert not any(layer.sent for layer in core.layers.values())


def test_where_the_link_gets_too_dear_on_the_way_anchors_are_given_up_too() -> None:
    """Once the budget is gone nothing is sent, and each that leans on what is missing goes as well."""
    core = encoder(target_cbr=0.02, **EACH)
    receiver = Receiver([frame.picture for frame in slow_pan()])
    with closing(core):
        for segment in core.segments(slow_pan()):
            for shipment in core.shipments(segment):
                spent = 10_000 * len(receiver.shipments)
                core.delivered(shipment, receiver.take(shipment, nothing), record(spent + 900, spent + 500))
    assert core.layers[0].sent > 0
    assert core.layers[0].given_up > 0
    *_, last = receiver.coded
    assert layers(last, sent=True) == []
    assert isinstance(last.units[-1], StreamEnd)


def test_before_the_header_has_left_what_has_no_room_is_made_smaller() -> None:
    usual, poor = (
        transmit(encoder(bits_per_symbol=bits, target_cbr=0.02, **EACH), frames=slow_pan)
        for bits in (2.5, 0.2)
    )
    assert usual.size == (WIDTH, HEIGHT)
    assert poor.size[0] < WIDTH
    assert poor.size[0] / poor.size[1] == WIDTH / HEIGHT


def test_over_a_poor_link_the_header_leaves_first_and_once() -> None:
    for bits, alone in ((2.5, False), (0.2, True)):
        receiver = transmit(encoder(bits_per_symbol=bits, target_cbr=0.02, **EACH), frames=slow_pan)
        first, *others = receiver.shipments
        assert first.carries_header
        assert (first.coded is None) == alone
        assert not any(shipment.carries_header for shipment in others)


@pytest.mark.parametrize("coding", ["pyramid", "low-delay", "intra"])
def test_an_anchor_that_there_is_no_room_for_is_coded_anew_and_coarser(coding: str) -> None:
    """Where it is as small as can be."""
    options = {"scale": 4.0, "target_cbr": 0.02, "coding": coding, **EACH}
    first, *_ = transmit(encoder(bits_per_symbol=0.05, **options), frames=slow_pan).coded
    usual, *_ = transmit(encoder(**options), frames=slow_pan).coded
    assert usual.crf == 40
    assert first.crf is not None
    assert first.crf > 50
    assert size(first) < size(usual) / 2
    assert keyframes(first.segments) == keyframes(usual.segments)


def test_an_anchor_is_coarser_where_it_takes_more_than_was_estimated_and_than_there_is() -> None:
    options = {"scale": 4.0, "target_cbr": 0.02, **EACH}
    first, *_ = transmit(encoder(dearer=60.0, **options), frames=slow_pan).coded
    assert first.crf is not None
    assert first.crf > 50
    assert layers(first, sent=True)


def test_captions_that_come_again_are_given_up_once() -> None:
    core = encoder(bits_per_symbol=0.05, target_cbr=0.02, **EACH)
    receiver, refused, silent = Receiver([frame.picture for frame in slow_pan()]), False, 0
    letters = np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz"), 400)
    with closing(core):
        for segment in core.segments(slow_pan()):
            caption = Caption(segment.number, segment.number + 1, "".join(letters))
            for shipment in core.shipments(replace(segment, units=[*segment.units, caption])):
                vain = shipment.coded is not None and not refused
                lost = Delivery(protected=False, lost=(range(size(shipment)),))
                delivery = lost if vain else receiver.take(shipment, nothing)
                sent = len(receiver.shipments)
                assert core.delivered(shipment, delivery, record(900 * sent, 500 * sent)) != vain
                refused |= vain
                silent += 0 if vain else shipment.captions_given_up
    assert 0 < silent == core.captions_given_up


def test_the_dearer_the_link_the_more_is_given_up() -> None:
    kept = [
        len(transmit(encoder(bits_per_symbol=bits, target_cbr=0.02, **EACH), frames=slow_pan).frames)
        for bits in (2.5, 0.2, 0.05)
    ]
    assert kept[0] == FRAMES
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < FRAMES / 3


def test_the_beginning_that_is_lost_comes_again_where_there_is_a_budget() -> None:
    receiver = transmit(encoder(target_cbr=0.02, **EACH), all_of(0), slow_pan)
    first, again, *_ = receiver.shipments
    assert keyframes(first.segments) == keyframes(again.segments)
    assert first.carries_header
    assert not again.units  # they have arrived
    assert sorted(receiver.frames) == list(range(FRAMES))


def test_layers_are_counted() -> None:
    core = encoder(bits_per_symbol=0.2, target_cbr=0.02, **EACH)
    shipments = transmit(core, all_of(2), slow_pan).coded
    assert sum(layer.sent + layer.given_up for layer in core.layers.values()) == FRAMES
    assert sum(layer.bytes for layer in core.layers.values()) == sum(map(size, shipments))
    assert sum(layer.lost for layer in core.layers.values()) == len(layers(shipments[2], sent=True))
    assert core.layers[0].lost > 0
    assert core.layers[3].given_up > 0


def test_without_a_target_nothing_is_given_up() -> None:
    assert len(transmit(encoder(bits_per_symbol=0.01, **EACH)).frames) == FRAMES


def test_the_quality_behind_a_cut_goes_by_all_that_was_sent_before_it() -> None:
    """Although a pyramid gives nothing back before its end comes in sight."""
    crfs: list[float | None] = []
    sent = count(1)
    with closing(encoder(target_cbr=0.02, **EACH)) as core:
        for segment in core.segments(shots()):
            for shipment in core.shipments(segment):
                number = next(sent)
                core.delivered(shipment, Delivery(), record(5300 * number, 5000 * number))
                crfs += [shipment.crf] * len(shipment.segments)
    before, behind = set(crfs[:33]), set(crfs[33:])
    assert before == {40}
    assert min(crf or 0 for crf in behind) > 40


@pytest.mark.parametrize("coding", ["pyramid", "low-delay"])
def test_inside_a_shot_the_quality_changes_with_a_picture_that_stands_alone(coding: str) -> None:
    groups = too_dear(coding)
    changes = [refresh for (before, _, _), (crf, refresh, _) in pairwise(groups) if crf != before]
    assert changes == [True]
    assert groups[0][:2] == (40, True)
    assert (groups[-1][0] or 0) > 40
    assert sum(refresh for _, refresh, _ in groups) == 2


SOME = {"keyframe_method": "skim", "keyframe_count": 12}


@dataclass
class Link:
    """What is known of it: bits of keyframe a symbol by the sounding, and from the first burst on.

    Attributes:
        bursts: that were sent.
    """

    sounded: float
    measured: float
    bursts: int = 0

    def __call__(self) -> LinkPrice:
        return replace(PRICE, bits_per_symbol=self.measured if self.bursts else self.sounded)


def spent(
    planned: float, frames: Callable[[], Iterator[Frame]], link: Link
) -> tuple[float, list[float | None]]:
    """Symbols of all that is sent, sounding included, as shares of the target; the CRF of each shipment."""
    quote, symbols, keyframes_took = quoted(link, dearer=1.0), float(SOUNDING_SYMBOLS), 0.0
    crfs = []
    with closing(encoder(target_cbr=planned, link=link, **SOME)) as core:
        for segment in core.segments(frames()):
            for shipment in core.shipments(segment):
                took = quote(shipment, False)
                symbols, keyframes_took = symbols + took, keyframes_took + took
                link.bursts += 1
                core.delivered(shipment, Delivery(), record(round(symbols), round(keyframes_took)))
                crfs.append(shipment.crf)
    return symbols / (planned * 3 * WIDTH * HEIGHT * FRAMES), crfs


@pytest.mark.parametrize("planned", [0.006, 0.008, 0.012])
def test_where_all_of_a_video_waits_its_quality_is_set_right_by_what_it_takes(planned: float) -> None:
    """The plan's CRF of 40 takes 1.47, 1.10 and .73 of these; from 1e-4 up a fiftieth more is allowed."""
    share, crfs = spent(planned, slow_pan, Link(2.5, 2.5))
    assert len(set(crfs) - {None}) == 1
    assert 40 not in crfs
    assert 0.88 <= share <= 1.02


def test_where_a_block_costs_little_a_video_that_waits_is_sized_by_a_burst_and_not_by_the_sounding() -> None:
    shares, crfs = zip(
        *(spent(0.0105, slow_pan, Link(2.1, measured)) for measured in (2.1, 2.5)), strict=True
    )
    assert [shipment_crfs[0] for shipment_crfs in crfs] == [None, None]  # the header
    assert crfs[1][1] < crfs[0][1]
    assert all(0.9 <= share <= 1.02 for share in shares)


def test_behind_a_cut_quality_does_not_leap_to_use_up_what_is_left() -> None:
    share, crfs = spent(0.03, shots, Link(2.5, 2.5))
    assert set(crfs) == {40.0, 40.0 - 6}
    assert share < 1
