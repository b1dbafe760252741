"""A core that sends no picture: where segments begin is marked, and the header leaves once."""

from __future__ import annotations

import pytest

from semvid.errors import TransmissionFailed
from semvid.link.blocks import Delivery
from semvid.options import TransmissionOptions
from semvid.semantics import Opening, StreamEnd, StreamHeader
from tests.unit.transmitter.clips import source
from tests.unit.transmitter.encoding import PROFILE, Mute, record, story
from transmitter.keyframes import selecting
from transmitter.rate.model import OperatingPoint
from transmitter.rate.plan import Plan
from transmitter.shipment import Shipment
from transmitter.text_only import TextOnlyEncoder


def encoder() -> TextOnlyEncoder:
    chosen = TransmissionOptions(keyframe_method="text-only", candidate_spacing_s=1.0)
    plan = Plan(OperatingPoint(40.0, 0.3))
    return TextOnlyEncoder(source(), chosen, Mute(), plan, selecting(chosen, source(), PROFILE, Mute()))


def transmit(core: TextOnlyEncoder, arrives: bool = True) -> list[Shipment]:
    shipments = []
    for segment in core.segments(story()):
        for shipment in core.shipments(segment):
            shipments.append(shipment)
            assert core.delivered(shipment, Delivery(arrives), record(0, 0))
    return shipments


def test_text_only_marks_where_segments_begin_and_codes_no_picture() -> None:
    core = encoder()
    shipments = transmit(core)
    assert all(one.coded is None for one in shipments)
    marks = [unit for one in shipments for unit in one.units if isinstance(unit, Opening)]
    assert [mark.number for mark in marks] == list(range(len(shipments) - 1))
    assert marks[0].frame == 0
    assert isinstance(shipments[-1].units[-1], StreamEnd)
    assert [type(unit) for one in shipments for unit in one.units].count(StreamHeader) == 1
    assert core.resource() == {"layers": {}, "captions_given_up": 0}


def test_a_lost_header_ends_it() -> None:
    with pytest.raises(TransmissionFailed, match="stream header was lost"):
        transmit(encoder(), arrives=False)
