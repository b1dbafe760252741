"""What two eyes say of coded keyframes, and of how much they should be restored."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from semvid.images.finishing import RESTORATION
from semvid.images.restorer import shipped
from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from tests.unit.transmitter.clips import pan, still, written
from transmitter.rate.footage import Footage
from transmitter.rate.likeness import Likeness
from transmitter.rate.model import OperatingPoint
from transmitter.rate.trial import FAST_PRESET, Coded

PROFILE = Profile("embedded", longest_gap_s=1.2, closed_loop=True)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    clip = written(tmp_path_factory.mktemp("clips") / "pan.mkv", pan(40, 1.5))
    return Footage.read(clip, probe(clip), VideoLimits(), TransmissionOptions(target_cbr=5e-3), PROFILE)


def coded(footage: Footage, crf: float, price: float = 0.16, scale: float = 1.0) -> Coded:
    return Coded.at(footage, OperatingPoint(crf, price, scale, FAST_PRESET))


def test_finer_keyframes_are_more_like_their_source(footage: Footage) -> None:
    losses = [Likeness(footage).loss(coded(footage, crf)) for crf in (30, 45, 63)]
    assert losses[0] > 0
    assert losses[-1] < 1
    assert all(finer < coarser for finer, coarser in pairwise(losses))


def test_frames_between_are_looked_at(footage: Footage) -> None:
    """Where keyframes are dear and far apart, what lies between is less like the source."""
    likeness = Likeness(footage)
    dense, sparse = coded(footage, 40, 1e-3), coded(footage, 40, 1e3)
    assert dense.trial.keyframes > sparse.trial.keyframes
    assert likeness.loss(dense) < likeness.loss(sparse)


def test_without_anything_between_there_is_nothing_to_compare(tmp_path: Path) -> None:
    clip = written(tmp_path / "short.mkv", still(2))
    footage = Footage.read(clip, probe(clip), VideoLimits(), TransmissionOptions(target_cbr=5e-3), PROFILE)
    assert Likeness(footage).loss(coded(footage, 40)) == math.inf


def test_the_smaller_the_more_is_restored(footage: Footage) -> None:
    restoring = replace(footage, restores=True, restorer=shipped())
    likeness = Likeness(restoring)
    full, half, quarter = (likeness.strength(coded(restoring, 40, scale=scale)) for scale in (1, 2, 4))
    assert full < half < quarter


def test_a_network_that_is_not_at_hand_is_asked_for_what_is_usual(footage: Footage) -> None:
    assert Likeness(replace(footage, restores=True)).strength(coded(footage, 50)) == RESTORATION
