from __future__ import annotations

import pytest

from semvid.errors import InvalidInput
from semvid.link.waveform import set_waveform, waveform_of
from semvid.waveform import SINGLE_CARRIER, Ofdm, RadioFrame, SingleCarrier, Waveform
from semvid.wire.v1 import link_pb2 as pb

FRAMED = SingleCarrier(RadioFrame(64, 16, 512))


@pytest.mark.parametrize("waveform", [SINGLE_CARRIER, Ofdm(0, 6), Ofdm(4, 52), FRAMED])
def test_a_waveform_crosses_the_link(waveform: Waveform) -> None:
    opening = pb.Open()
    set_waveform(opening, waveform)
    assert waveform_of(pb.Open.FromString(opening.SerializeToString())) == waveform


def test_one_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"numerology must lie in 0\.\.4, got 9"):
        waveform_of(pb.Open(ofdm=pb.Ofdm(numerology=9, resource_blocks=6)))
    with pytest.raises(InvalidInput, match=r"preamble must lie in 64\.\.1024, got 0"):
        waveform_of(pb.Open(radio=pb.RadioFrame()))
    both = pb.Open(ofdm=pb.Ofdm(numerology=0, resource_blocks=6), radio=pb.RadioFrame(preamble=64))
    with pytest.raises(InvalidInput, match="single carrier; leave ofdm out"):
        waveform_of(both)
