"""Sound tracks on the time line of the pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semvid.errors import LimitExceeded, UnsupportedMedia
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.sound.track import TrackInfo, probe_sound, read_sound
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.writer import VideoWriter
from tests.synthetic_sound import bursts, onsets, with_sound


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of picture whose first time stamp is 0.5 s."""
    path = tmp_path_factory.mktemp("silent") / "silent.mp4"
    with VideoWriter(path, 32, 32, Fraction(1, 50), frame_rate=Fraction(25)) as writer:
        for index in range(50):
            writer.append(np.full((32, 32, 3), 5 * index, np.uint8), 25 + 2 * index)
    return path


def read(path: Path, channels: int = 1) -> Pcm:
    parts = list(read_sound(path, probe(path), channels))
    assert all(0 < len(part) <= SAMPLE_RATE for part in parts)
    assert all(part.dtype == np.int16 for part in parts)
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("start_s", "expected"),
    [
        (0.5, [0.0, 0.5, 1.0, 1.5]),
        (0.0, [0.0, 0.5, 1.0, 1.5]),  # a second burst where the picture begins: what is before it is cut
        (0.77, [0.27, 0.77, 1.27, 1.77]),  # silence first
        (1.9, [1.4, 1.9]),
    ],
)
def test_sound_is_heard_when_its_time_stamps_say(
    silent: Path, tmp_path: Path, start_s: float, expected: list[float]
) -> None:
    path = with_sound(silent, tmp_path / "a.mkv", bursts(2.6), start_s)
    pcm = read(path)
    assert len(pcm) == 2 * SAMPLE_RATE
    assert onsets(pcm) == pytest.approx(expected, abs=0.002)


def test_a_gap_is_silence_and_nothing_moves(silent: Path, tmp_path: Path) -> None:
    path = with_sound(silent, tmp_path / "a.mkv", bursts(2), 0.5, "pcm_s16le", skipped=range(20, 40))
    pcm = read(path)
    assert onsets(pcm) == pytest.approx([0.0, 1.0, 1.5], abs=0.002)
    assert not pcm[20_100:39_900].any()


def test_a_track_that_ends_early_is_followed_by_silence(silent: Path, tmp_path: Path) -> None:
    pcm = read(with_sound(silent, tmp_path / "a.mkv", bursts(0.8), 0.5))
    assert len(pcm) == 2 * SAMPLE_RATE
    assert not pcm[round(0.82 * SAMPLE_RATE) :].any()
    assert pcm[round(0.52 * SAMPLE_RATE)].any()


def test_channels_are_mixed(silent: Path, tmp_path: Path) -> None:
    left = bursts(2, 2)
    left[:, 1] = 0
    path = with_sound(silent, tmp_path / "a.mkv", left, 0.5)
    assert probe_sound(path) == TrackInfo("flac", 48_000, 2)
    stereo, mono = read(path, 2), read(path, 1)
    assert not stereo[:, 1].any()
    assert np.abs(mono[:, 0] - stereo[:, 0] / 2).max() <= 2


def test_a_video_without_sound_says_so(silent: Path) -> None:
    assert probe_sound(silent) is None
    with pytest.raises(UnsupportedMedia, match="has no sound"):
        read(silent)


def test_a_codec_that_is_not_accepted_is_named(silent: Path, tmp_path: Path) -> None:
    path = with_sound(silent, tmp_path / "a.mkv", bursts(1), 0.5, "wavpack")
    assert probe(path).frame_count_hint == 50  # the picture is none the worse for it
    with pytest.raises(UnsupportedMedia, match=r"wavpack.* is not accepted; convert to one of .*aac"):
        probe_sound(path)


def test_too_many_bytes_are_refused(silent: Path) -> None:
    with pytest.raises(LimitExceeded):
        probe_sound(silent, VideoLimits(max_bytes=100))


def test_damage_costs_itself(silent: Path, tmp_path: Path) -> None:
    path = with_sound(silent, tmp_path / "a.mkv", bursts(2), 0.5, "libopus")
    whole = read(path)
    broken = bytearray(path.read_bytes())
    at = broken.index(b"\xa3", len(broken) // 6)
    broken[at + 40 : at + 60] = bytes(20)
    (tmp_path / "b.mkv").write_bytes(broken)
    info = probe(path)
    pcm = np.concatenate(list(read_sound(tmp_path / "b.mkv", info, 1)))
    assert len(pcm) == len(whole) == 2 * SAMPLE_RATE


def test_every_real_clip_with_sound_is_as_long_as_its_picture(real_clip: Any, clip_name: str) -> None:
    path = real_clip(clip_name)["path"]
    if probe_sound(path) is None:
        return
    info = probe(path)
    assert sum(map(len, read_sound(path, info, 2))) == round(info.duration_s * SAMPLE_RATE)
