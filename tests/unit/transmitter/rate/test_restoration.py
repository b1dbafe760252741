"""How much is restored goes by what there is to restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from semvid.images.restorer import shipped
from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from tests.unit.transmitter.clips import pan, written
from transmitter.rate import presets
from transmitter.rate.footage import Footage
from transmitter.rate.model import OperatingPoint
from transmitter.rate.restoration import STRENGTHS, strength_for
from transmitter.rate.trial import Coded


def footage(tmp_path: Path, restorer: str) -> Footage:
    clip = written(tmp_path / "pan.mkv", pan(40, 1.5))
    profile = Profile("embedded", longest_gap_s=1.2, closed_loop=True, restorer=restorer)
    return Footage.read(clip, probe(clip), VideoLimits(), TransmissionOptions(target_cbr=5e-3), profile)


def test_the_smaller_the_more_is_restored(tmp_path: Path) -> None:
    read = footage(tmp_path, shipped().digest)
    assert read.restorer is shipped()
    full, half, quarter = (
        strength_for(
            Coded.at(read, OperatingPoint(40, 0.16, scale, presets.FAST)), read.source, read.restorer
        )
        for scale in (1.0, 2.0, 4.0)
    )
    assert {full, half, quarter} <= set(STRENGTHS)
    assert full <= half <= quarter
    assert full < quarter


@pytest.mark.parametrize("restorer", ["", "0123456789abcdef"])
def test_a_network_that_nobody_here_has_is_not_tried(tmp_path: Path, restorer: str) -> None:
    read = footage(tmp_path, restorer)
    assert read.restorer is None
    assert read.restores == bool(restorer)
