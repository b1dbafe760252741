from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from console.demo.measure import LIMITS, FramePair, look_at
from console.demo.pictures import COLOURS, SideBySide, still_frames, take_still, write_side_by_side
from console.demo.sound import Sounding
from console.demo.timeline import Timeline
from semvid.video.writer import VideoWriter
from tests.synthetic_sound import bursts, onsets, sound_of

TIMELINE = Timeline(
    [
        {"first_frame": 0, "last_frame": 0, "provenance": "received", "caption": "a $5 boat"},
        {"first_frame": 1, "last_frame": 9, "provenance": "regenerated", "caption": "a $5 boat"},
        {"first_frame": 10, "last_frame": 19, "provenance": "concealed"},
    ],
    [{"frame": 0, "reason": "first"}],
)


def pair(index: int, width: int, height: int) -> FramePair:
    source = np.full((height, width, 3), 200, np.uint8)
    return FramePair(index, index * 3, index / 8, source, source // 2)


@pytest.mark.parametrize("size", [(576, 320), (1, 1), (33, 17), (3000, 400), (8, 4000)])
def test_panes_of_any_size_fit_and_stand_side_by_side(size: tuple[int, int]) -> None:
    composer = SideBySide(*size, 20, TIMELINE)
    picture = composer.compose(pair(3, *size))
    assert picture.shape == (composer.height, composer.width, 3)
    assert composer.width <= 2000
    assert composer.height <= 800
    assert composer.width % 2 == composer.height % 2 == 0
    middle = picture[30 + (composer.height - 76) // 2]
    left, right = middle[: composer.width // 2], middle[composer.width // 2 :]
    assert (left == 200).all(axis=1).any()
    assert (right == 100).all(axis=1).any()
    assert not (left == 100).all(axis=1).any()


@pytest.mark.parametrize(("frame", "provenance"), [(0, "received"), (4, "regenerated"), (14, "concealed")])
def test_the_provenance_is_shown_in_its_colour(frame: int, provenance: str) -> None:
    head = SideBySide(320, 180, 20, TIMELINE).compose(pair(frame, 320, 180))[:30].reshape(-1, 3).tolist()
    shown = {name for name, colour in COLOURS.items() if list(colour) in head}
    assert shown == {provenance}


def test_the_video_keeps_the_time_stamps(tmp_path: Path) -> None:
    path = tmp_path / "side.mp4"
    composer = SideBySide(64, 48, 6, TIMELINE)
    pairs = (pair(n, 64, 48) for n in range(6))
    written = write_side_by_side(pairs, composer, path, Fraction(1, 24), Fraction(8), end_pts=63)
    assert len(list(written)) == 6
    info = look_at(path)
    assert (info.width, info.height, info.frame_count_hint, info.frame_rate) == (
        composer.width, composer.height, 6, Fraction(8),
    )  # fmt: skip
    assert (info.first_pts, info.duration_s) == (0, 63 / 24)  # the last one is held


def test_stills_are_keyframes_and_middles() -> None:
    keyframes = [{"frame": f, "reason": "semantic"} for f in range(0, 101, 10)]
    chosen = still_frames(Timeline([], keyframes), 101)
    assert len(chosen) == 6
    assert sum(f % 10 == 0 for f in chosen) == sum(f % 10 == 5 for f in chosen) == 3
    assert (chosen[0], chosen[-1]) == (0, 100)


@pytest.mark.parametrize(("frames", "expected"), [(1, [0]), (2, [0, 1])])
def test_stills_of_very_short_videos(frames: int, expected: list[int]) -> None:
    keyframes = [{"frame": f, "reason": "first"} for f in {0, frames - 1}]
    assert still_frames(Timeline([], keyframes), frames) == expected


def test_a_still_is_a_jpeg_of_bounded_width() -> None:
    still = take_still(pair(4, 1280, 720), TIMELINE, (1280, 720))
    decoded = cv2.imdecode(np.frombuffer(still.source_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (360, 640, 3)
    assert (still.provenance, still.caption) == ("regenerated", "a $5 boat")


def test_a_still_has_the_shape_at_which_the_source_is_shown() -> None:
    still = take_still(pair(4, 180, 144), TIMELINE, (256, 144))
    for jpeg in (still.source_jpeg, still.reconstruction_jpeg):
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (144, 256, 3)


def test_the_sound_of_the_reconstruction_goes_with_it(tmp_path: Path) -> None:
    source, path = tmp_path / "reconstruction.mp4", tmp_path / "side.mp4"
    with VideoWriter(source, 64, 48, Fraction(1, 8), frame_rate=Fraction(8), sound_channels=1) as writer:
        for index in range(16):
            writer.append(np.zeros((48, 64, 3), np.uint8), 3 + index)
        writer.append_sound(bursts(2))
    composer = SideBySide(64, 48, 16, TIMELINE)
    pairs = (pair(n, 64, 48) for n in range(16))
    sound = Sounding.of(source, look_at(source), LIMITS)
    assert sound is not None
    assert len(list(write_side_by_side(pairs, composer, path, Fraction(1, 24), Fraction(8), 48, sound))) == 16
    pcm, offset = sound_of(path)
    assert np.array(onsets(pcm)) + offset == pytest.approx([0, 0.5, 1, 1.5], abs=0.005)
