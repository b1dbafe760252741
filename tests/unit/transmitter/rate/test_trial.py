from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from semvid.link.packing import CodedGroup
from semvid.options import TransmissionOptions
from semvid.phy.control_word import MAX_BULK_BYTES
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, still, written
from transmitter.rate import presets
from transmitter.rate.footage import Footage
from transmitter.rate.model import AT_10_DB, OperatingPoint
from transmitter.rate.trial import Coded, bytes_alone

FRAMES = 72
POINT = OperatingPoint(55.0, 0.3, preset=presets.FAST)
CODINGS = ["pyramid", "low-delay", "intra"]


def frames() -> Iterator[Frame]:
    """Moving, then new in every frame, then another shot."""
    return chain(pan(24, 1.5), flicker(24, first=24), pan(24, 1.5, seed=9, first=48))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("clip") / "clip.mp4", frames())


def footage(path: Path, coding: str = "pyramid") -> Footage:
    options = TransmissionOptions.model_validate({"target_cbr": 1e-3, "coding": coding})
    return Footage.read(path, probe(path), VideoLimits(), options, Profile("embedded", 1.2, closed_loop=True))


@pytest.mark.parametrize("coding", CODINGS)
def test_all_keyframes_are_coded_and_looked_at(path: Path, coding: str) -> None:
    read = footage(path, coding)
    trial = Coded.at(read, POINT).looked_at((0,), 8)
    assert trial.keyframes + 1 == len(read.parts[0].keyframes(POINT.price))
    assert trial.window == trial.total == FRAMES
    assert 0 < trial.first < trial.others
    assert 0 < trial.loss < 0.5


def test_coarser_or_smaller_costs_less_and_loses_more(path: Path) -> None:
    read = footage(path)
    fine = Coded.at(read, POINT).looked_at((0,), 8)
    for cheaper in (replace(POINT, crf=66.0), replace(POINT, scale=2.0)):
        trial = Coded.at(read, cheaper).looked_at((0,), 8)
        assert trial.cbr < fine.cbr
        assert trial.loss > fine.loss


def test_a_dearer_keyframe_makes_fewer_of_them(path: Path) -> None:
    read = footage(path)
    few, many = (Coded.at(read, replace(POINT, price=price)).trial for price in (20.0, 0.05))
    assert few.keyframes < many.keyframes
    assert few.keyframes_per_frame < many.keyframes_per_frame
    assert few.cbr < many.cbr


def test_pictures_that_lean_on_others_cost_less(path: Path) -> None:
    alone, leaning = (Coded.at(footage(path, coding), POINT).trial.cbr for coding in ("intra", "pyramid"))
    assert leaning < 0.9 * alone


def test_a_dearer_link_costs_more_symbols_for_the_same_bytes(path: Path) -> None:
    read = footage(path)
    here = Coded.at(read, POINT).trial
    dear = Coded.at(read, replace(POINT, link=replace(AT_10_DB, bits_per_symbol=0.5))).trial
    assert (dear.first, dear.others) == (here.first, here.others)
    assert dear.cbr > 2 * here.cbr


def test_the_rest_of_a_clip_is_taken_to_be_like_what_was_tried(path: Path) -> None:
    trial = Coded.at(footage(path), POINT).trial
    longer = replace(trial, total=10 * trial.window)
    per_frame = trial.forecast.at(POINT.crf)
    assert longer.cbr * longer.samples * longer.total == pytest.approx(
        trial.cbr * trial.samples * trial.total + per_frame * 9 * trial.window
    )


@pytest.mark.parametrize("coding", CODINGS)
def test_blocks_are_those_in_which_keyframes_travel(path: Path, coding: str) -> None:
    coded = Coded.at(footage(path, coding), replace(POINT, crf=35.0))
    ((_, selected, groups),) = coded._parts
    travelling = [
        CodedGroup.of(group, 0, [one.frame.index for one in selected[: len(group)]], False)
        for group in groups
    ]
    assert coded.trial.blocks + 1 == sum(len(list(one.blocks(MAX_BULK_BYTES))) for one in travelling)


def test_detail_that_is_put_back_is_doubted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coded = Coded.at(footage(path), replace(POINT, scale=2.0))
    plain, doubted = coded.looked_at((0,), 8), coded.looked_at((4,), 8)
    monkeypatch.setattr("transmitter.rate.trial._DOUBT", 0.0)
    believed = coded.looked_at((4,), 8)
    assert doubted.point.detail == believed.point.detail == 4
    assert believed.loss < doubted.loss < plain.loss


def test_a_picture_alone_costs_less_where_it_is_coarser() -> None:
    picture = next(still(1)).picture
    assert picture.shape == (HEIGHT, WIDTH, 3)
    sizes = [bytes_alone(picture, crf) for crf in (35.0, 50.0, 62.5, 70.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] > 20
