"""What the encoder does about what was lost: it costs itself and what leans on it, and no more."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import TransmissionFailed
from semvid.link.blocks import Delivery
from semvid.semantics import StreamHeader
from tests.unit.transmitter.encoding import (
    CODINGS,
    EACH,
    FRAMES,
    all_of,
    encoder,
    keyframes,
    layers,
    record,
    shots,
    size,
    slow_pan,
    story,
    transmit,
)
from transmitter.shipment import Shipment


@pytest.mark.parametrize("coding", CODINGS)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**16), lost=st.sampled_from([0.1, 0.3]))
def test_whatever_is_lost_all_that_is_sent_later_decodes(coding: str, seed: int, lost: float) -> None:
    """Refused is only what was on its way together with what it leans on; `Receiver` sees to that."""
    random = np.random.default_rng(seed)

    def losses(shipment: Shipment) -> list[range]:
        first, stop = sorted(random.integers(0, size(shipment) + 1, 2).tolist())
        return [range(first, stop + 1)] if random.random() < lost else []

    receiver = transmit(encoder(coding=coding, **EACH), losses, shots)
    segments = [segment for shipment in receiver.shipments for segment in shipment.segments]
    assert keyframes(segments) == list(range(FRAMES))
    assert receiver.frames


@pytest.mark.parametrize("number", [0, 1, 4])
def test_after_a_lost_anchor_what_waits_is_coded_anew(number: int) -> None:
    receiver = transmit(encoder(**EACH), all_of(number), slow_pan)
    refreshing = [n for n, one in enumerate(receiver.shipments) if one.coded and one.coded.group.refresh]
    assert refreshing == [0, number + 1]
    lost = keyframes(receiver.shipments[number].segments)
    assert sorted(receiver.frames) == [frame for frame in range(FRAMES) if frame not in lost]


@pytest.mark.parametrize("cut", [20, 33, 50])
def test_an_anchor_lost_just_before_a_cut_spoils_no_more_than_its_group(cut: int) -> None:
    """The sequence before the cut has ended by then, and nothing follows that would push it out."""
    receiver = transmit(encoder(**EACH), all_of(1), lambda: shots(cut))
    lost = keyframes(receiver.shipments[1].segments)
    assert len(lost) > 1
    assert sorted(receiver.frames) == [frame for frame in range(FRAMES) if frame not in lost]


def test_a_lost_picture_that_none_leans_on_costs_itself() -> None:
    def losses(shipment: Shipment) -> list[range]:
        return [range(size(shipment) - 1, size(shipment))] if shipment.segments[0].number == 0 else []

    receiver = transmit(encoder(**EACH), losses, slow_pan)
    first = receiver.shipments[0].coded
    assert first is not None
    (lost,) = first.pictures_in(losses(receiver.shipments[0]))
    assert first.group.layers()[lost] == max(first.group.layers())
    assert first.group.pictures[lost].kept_in == 0
    missing = first.group.pictures[lost].frame
    assert sorted(receiver.frames) == [frame for frame in range(FRAMES) if frame != missing]


def test_a_lost_upper_picture_costs_those_that_lean_on_it_and_no_layer_below() -> None:
    def losses(shipment: Shipment) -> list[range]:
        """One byte in the middle layer of the second group."""
        if shipment.segments[0].number == 0 or shipment.coded is None or lost:
            return []
        group = shipment.coded.group
        index = group.layers().index(2)
        lost.append(group.pictures[index].frame)
        return [range(group.spans()[index].start, group.spans()[index].start + 1)]

    lost: list[int] = []
    receiver = transmit(encoder(**EACH), losses, slow_pan)
    assert [one.coded.group.refresh for one in receiver.shipments if one.coded] == [
        True, *[False] * (len(receiver.shipments) - 1)
    ]  # fmt: skip
    assert lost
    assert lost[0] not in receiver.frames
    for shipment in receiver.shipments[2:]:
        assert min(layers(shipment, sent=False), default=2) >= 2


def test_the_header_goes_first_and_its_loss_ends_the_transmission() -> None:
    with closing(encoder(coding="low-delay")) as core:
        (shipment,) = core.shipments(next(core.segments(story())))
        assert isinstance(shipment.units[0], StreamHeader)
        with pytest.raises(TransmissionFailed, match=r"lost in all 3 rounds; .* 10\.0 dB"):
            core.delivered(shipment, Delivery(protected=False), record(900, 500))


def test_other_side_information_may_be_lost() -> None:
    with closing(encoder(coding="low-delay")) as core:
        for segment in core.segments(story()):
            for shipment in core.shipments(segment):
                core.delivered(shipment, Delivery(protected=segment.number == 0), record(900, 500))
