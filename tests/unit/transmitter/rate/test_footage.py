from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

import pytest

from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, still, written
from transmitter.rate import footage
from transmitter.rate.footage import Footage

PROFILE = Profile("embedded", longest_gap_s=1.2, closed_loop=True)
SHORT, LONG = 60, 24 * 20
TARGET = TransmissionOptions(target_cbr=1e-3)


def read(
    folder: Path, frames: Iterable[Frame], options: TransmissionOptions = TARGET, profile: Profile = PROFILE
) -> Footage:
    return read_file(written(folder / "clip.mp4", frames), options, profile)


def read_file(path: Path, options: TransmissionOptions, profile: Profile = PROFILE) -> Footage:
    return Footage.read(path, probe(path), VideoLimits(), options, profile)


def test_a_short_clip_is_read_as_a_whole(tmp_path: Path) -> None:
    read_all = read(tmp_path, pan(SHORT, 1.0))
    assert read_all.whole
    (part,) = read_all.parts
    assert part.frames == SHORT
    assert part.certain[0].frame.index == 0
    assert part.keyframes(0.0)[-1].frame.index == SHORT - 1
    assert part.keyframes(float("inf"))[-1].frame.index < SHORT - 1  # held


def test_a_clip_of_one_frame_is_read(tmp_path: Path) -> None:
    (part,) = read(tmp_path, still(1)).parts
    assert [one.frame.index for one in part.keyframes(0.0)] == [0]


def test_a_target_wants_excerpts_of_all_of_a_long_clip_and_a_quality_the_beginning(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.mp4", chain(still(LONG // 2), flicker(LONG // 2, first=LONG // 2)))
    for options, many in ((TARGET, True), (TransmissionOptions(), False)):
        some = read_file(path, options)
        assert not some.whole
        assert (len(some.parts) > 1) == many
        assert sum(part.frames for part in some.parts) < LONG / 2
        dense = [len(part.keyframes(0.1)) for part in some.parts]
        assert (max(dense) > 2 * dense[0]) == many  # a still beginning says nothing about a restless end


def test_a_clip_of_some_seconds_is_tried_at_both_ends(tmp_path: Path) -> None:
    frames = 24 * 8
    some = read(tmp_path, chain(still(frames // 2), flicker(frames // 2, first=frames // 2)))
    beginning, end = some.parts
    assert (beginning.frames, end.frames) == (24 * 3 + 1, 24 * 3)
    assert len(end.keyframes(0.1)) > 2 * len(beginning.keyframes(0.1))


def test_the_lower_the_price_the_more_keyframes_and_those_that_are_certain_at_any(tmp_path: Path) -> None:
    (part,) = read(tmp_path, chain(pan(30, 1.5), flicker(30, first=30))).parts
    chosen = [
        [one.frame.index for one in part.keyframes(price)] for price in (0.0, 0.05, 0.5, 5.0, float("inf"))
    ]
    for cheaper, dearer in pairwise(chosen):
        assert cheaper == sorted(set(cheaper))
        assert set(dearer) <= set(cheaper)
    assert chosen[-1] == [one.frame.index for one in part.certain]
    assert len(chosen[0]) > 2 * len(chosen[-1])


def test_cuts_are_certain_and_nothing_lies_across_them(tmp_path: Path) -> None:
    (part,) = read(tmp_path, chain(pan(30, 1.0), pan(30, 1.0, seed=7, first=30))).parts
    assert [one.frame.index for one in part.certain if one.shot_start] == [30]
    for window in part.windows:
        inside = range(window.grid[0].index, window.grid[-1].index + 1)
        assert len(window.copies) == len(inside)
        assert not {29, 30} <= set(inside)


def test_a_shot_is_told_from_several(tmp_path: Path) -> None:
    for number, (frames, one) in enumerate(
        ((pan(40, 1.0), True), (chain(pan(20, 1.0), pan(20, 1.0, 7, 20)), False))
    ):
        (folder := tmp_path / str(number)).mkdir()
        assert read(folder, frames).one_shot == one


def test_frames_between_two_are_those_held(tmp_path: Path) -> None:
    (part,) = read(tmp_path, pan(SHORT, 1.0)).parts
    between = [frame.index for frame in part.between(0, 20)]
    assert between == sorted(set(between))
    assert between[0] > 0
    assert between[-1] < 20
    assert part.between(5, 6) == []
    assert part.between(0, 20)[0].picture.shape == (HEIGHT, WIDTH, 3)


def test_a_decoder_that_cannot_be_tried_has_no_windows(tmp_path: Path) -> None:
    (part,) = read(tmp_path, flicker(SHORT), profile=Profile("other", longest_gap_s=1.0)).parts
    assert part.windows == []
    assert part.keyframes(0.0) == part.certain


def test_large_pictures_shorten_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "_MOST_BYTES", 1)
    some = read(tmp_path, still(SHORT))
    assert not some.whole
    assert max(part.frames for part in some.parts) <= 26  # a second


def test_a_restorer_is_asked_for_where_there_is_one_and_keyframes_are_not_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restoring = replace(PROFILE, restorer="0123456789abcdef")
    assert not read(tmp_path, still(2)).restores
    assert read(tmp_path, still(2), profile=restoring).restores
    monkeypatch.setattr(footage, "MOST_RESTORED", HEIGHT * WIDTH - 1)
    assert not read(tmp_path, still(2), profile=restoring).restores
