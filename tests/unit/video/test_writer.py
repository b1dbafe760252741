from __future__ import annotations

import os
import signal
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.sound.pcm import SAMPLE_RATE
from semvid.sound.track import probe_sound
from semvid.video.boxes import outermost_boxes
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.synthetic_sound import bursts, onsets, sound_of

MS = Fraction(1, 1000)
ANY_LENGTH = VideoLimits(max_duration_s=float("inf"))


def read_back(path, time_base):
    """Time stamps in units of ``time_base``, exactly."""
    info = probe(path, ANY_LENGTH)
    ticks = info.time_base / time_base
    stamps = [(info.first_pts + frame.pts) * ticks for frame in read_frames(path, info, ANY_LENGTH)]
    assert all(stamp.denominator == 1 for stamp in stamps)
    return [stamp.numerator for stamp in stamps]


def write(path, stamps, time_base=MS, size=(32, 32), **options):
    width, height = size
    with VideoWriter(path, width, height, time_base, preset="ultrafast", **options) as writer:
        for stamp in stamps:
            writer.append(np.full((height, width, 3), 90, np.uint8), stamp)
    return writer


@pytest.mark.parametrize(
    "time_base",
    ["1/1000", "1/90000", "1/15360", "1001/30000", "1001/24000", "1/25", "1", "2/1200000", "1/2147483647"],
)
@pytest.mark.parametrize("stamps", [[0, 1, 2, 3, 4, 5], [7, 40, 41, 300, 1000]])
def test_time_stamps_are_exact(tmp_path, time_base, stamps):
    path = tmp_path / "a.mp4"
    write(path, stamps, Fraction(time_base))
    assert read_back(path, Fraction(time_base)) == stamps


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.lists(st.integers(1, 2**20), max_size=12),
    st.builds(Fraction, st.integers(1, 1001), st.integers(1, 2**31 - 1)),
)
def test_any_time_stamps_are_exact(tmp_path_factory, first, gaps, time_base):
    path = tmp_path_factory.getbasetemp() / "any-stamps.mp4"
    stamps = [first]
    for gap in gaps:
        stamps.append(stamps[-1] + gap)
    write(path, stamps, time_base)
    assert read_back(path, time_base) == stamps


def test_negative_time_stamps_are_moved_to_zero(tmp_path):
    path = tmp_path / "a.mp4"
    assert write(path, [-20, 13, 47]).shift == 20
    assert read_back(path, MS) == [0, 33, 67]


def test_more_frames_than_a_group_of_pictures(tmp_path):
    path = tmp_path / "a.mp4"
    stamps = [round(index * 1000 / 30) for index in range(200)]
    write(path, stamps, frame_rate=Fraction(30))
    assert read_back(path, MS) == stamps


SIZES = [(1, 1), (2, 2), (3, 5), (33, 17), (64, 48), (65, 64), (128, 34)]


@pytest.mark.parametrize("size", SIZES)
def test_colours_survive(tmp_path, size):
    """With next to no quantisation what is left is the conversion from RGB and back."""
    error = there_and_back(tmp_path / "a.mp4", *size, crf=1)
    assert np.abs(error).max() <= 6
    assert np.abs(error).mean() < 1
    assert np.abs(error.mean(axis=(0, 1, 2))).max() < 1


@pytest.mark.parametrize("size", SIZES)
def test_pictures_survive_at_the_default_quality(tmp_path, size):
    error = there_and_back(tmp_path / "a.mp4", *size)
    assert np.abs(error).mean() < 2


def there_and_back(path, width, height, **options):
    """Differences of five smooth moving pictures, [frame, height, width, 3]."""
    x, y = np.arange(width) / 64, np.arange(height)[:, None] / 64
    waves = [[127 + 100 * np.sin(x + y + c + 0.05 * t) for c in range(3)] for t in range(5)]
    pictures = np.moveaxis(np.array(waves), 1, -1).round().astype(np.uint8)
    with VideoWriter(path, width, height, MS, **options) as writer:
        for index, picture in enumerate(pictures):
            writer.append(picture, index * 40)
    info = probe(path)
    assert (info.width, info.height, info.frame_count_hint) == (width, height, 5)
    return np.array([frame.picture.astype(int) for frame in read_frames(path, info)]) - pictures


def test_colours_are_tagged_and_the_index_is_in_front(tmp_path):
    path = tmp_path / "a.mp4"
    write(path, [0, 40, 80], size=(64, 64))
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (1, 1, 1, 1)
        assert codec.pix_fmt == "yuv420p"
    assert kinds(path) == [b"ftyp", b"moov", b"free", b"mdat"]


@pytest.mark.parametrize(
    ("stamps", "frame_rate", "duration"),
    [
        ([0, 40, 80], Fraction(25), 120),
        ([0, 40, 80], None, 120),
        ([0, 40, 100], Fraction(25), 140),
        ([0, 40, 100], None, 160),
        ([0], Fraction(20), 50),
        ([0], None, 40),
    ],
)
def test_the_last_frame_lasts_as_long_as_it_should(tmp_path, stamps, frame_rate, duration):
    path = tmp_path / "a.mp4"
    write(path, stamps, frame_rate=frame_rate)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.duration * stream.time_base == duration * MS


def test_abort_leaves_the_frames_so_far(tmp_path):
    path = tmp_path / "a.mp4"
    writer = VideoWriter(path, 32, 32, MS)
    for index in range(60):
        writer.append(np.zeros((32, 32, 3), np.uint8), index * 40)
    writer.abort()
    assert b"moof" in kinds(path)
    assert read_back(path, MS) == [index * 40 for index in range(60)]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_in_the_block_aborts(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(InvalidInput, match="increase"):
        write(path, [7, 8, 8])
    assert b"moof" in kinds(path)
    assert read_back(path, MS) == [7, 8]


CRASH = """
import os, signal, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from semvid.video.writer import VideoWriter
writer = VideoWriter(Path(sys.argv[1]), 32, 32, Fraction(1, 1000))
for index in range(200):
    writer.append(np.zeros((32, 32, 3), np.uint8), 33 + index * 40)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_a_playable_file(tmp_path):
    path = tmp_path / "a.mp4"
    process = subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False, env={**os.environ})
    assert process.returncode == -signal.SIGKILL
    with av.open(str(path)) as container:
        stamps = [frame.pts for frame in container.decode(video=0)]
    assert len(stamps) >= 96
    assert stamps == [33 + index * 40 for index in range(len(stamps))]


FULL_DISK = """
import resource, signal, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from semvid.video.writer import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
noise = np.random.default_rng(0).integers(0, 256, (100, 32, 32, 3), np.uint8)
try:
    with VideoWriter(Path(sys.argv[1]), 32, 32, Fraction(1, 1000)) as writer:
        for index, picture in enumerate(noise):
            writer.append(picture, index)
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("limit", [0, 100, 2000, 20_000])
def test_a_full_disk_raises_and_does_not_kill_the_process(tmp_path, limit):
    path = tmp_path / "a.mp4"
    command = [sys.executable, "-c", FULL_DISK, str(path), str(limit)]
    process = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (process.returncode, process.stdout.strip()) == (0, "File too large"), process.stderr
    assert path.exists() == (limit > 0)


def test_closing_twice_and_appending_after_it(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", 32, 32, MS)
    writer.append(np.zeros((32, 32, 3), np.uint8), 0)
    writer.close()
    writer.close()
    writer.abort()
    with pytest.raises(ValueError, match="closed"):
        writer.append(np.zeros((32, 32, 3), np.uint8), 1)


def test_a_video_without_frames_leaves_no_file(tmp_path):
    with pytest.raises(InvalidInput, match="at least one frame"):
        VideoWriter(tmp_path / "a.mp4", 32, 32, MS).close()
    VideoWriter(tmp_path / "b.mp4", 32, 32, MS).abort()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    for size in ((0, 32), (32, 0), (16385, 32)):
        with pytest.raises(InvalidInput, match="pixels"):
            VideoWriter(path, *size, MS)
    for time_base in (Fraction(0), Fraction(-1, 25), Fraction(1, 2**31)):
        with pytest.raises(InvalidInput, match="time base"):
            VideoWriter(path, 32, 32, time_base)
    with VideoWriter(path, 32, 32, MS) as writer:
        picture = np.zeros((32, 32, 3), np.uint8)
        writer.append(picture, 5)
        for stamp in (5, 4):
            with pytest.raises(InvalidInput, match="increase"):
                writer.append(picture, stamp)
        with pytest.raises(InvalidInput, match="cannot hold"):
            writer.append(picture, 5 + 2**31)
        for wrong in (picture[:-1], picture.astype(np.float32), picture[..., :2]):
            with pytest.raises(ValueError, match="uint8 picture"):
                writer.append(wrong, 6)
    assert read_back(path, MS) == [5]
    with pytest.raises(FileNotFoundError):
        VideoWriter(tmp_path / "missing" / "a.mp4", 32, 32, MS)


def kinds(path):
    with path.open("rb") as file:
        return [box.kind for box in outermost_boxes(file, path.stat().st_size)]


SYNC_S = 0.003


@pytest.mark.parametrize(
    ("rate", "first", "channels"),
    [("25", 0, 1), ("30000/1001", 0, 2), ("25/2", 0, 1), ("60", 33, 1), ("10", -7, 2), ("1", 5, 1)],
)
def test_sound_is_heard_with_its_picture(tmp_path, rate, first, channels):
    path, rate, sound = tmp_path / "a.mp4", Fraction(rate), bursts(4, channels)
    with VideoWriter(path, 32, 32, MS, frame_rate=rate, sound_channels=channels) as writer:
        given = 0
        for index in range(round(4 * rate)):
            writer.append(np.full((32, 32, 3), 90, np.uint8), first + round(1000 * index / rate))
            shown = round(writer.shown_s(ended=False) * SAMPLE_RATE)
            writer.append_sound(sound[given:shown])
            given = shown
        writer.append_sound(sound[given : round(writer.shown_s(ended=True) * SAMPLE_RATE)])
    pcm, offset = sound_of(path)
    assert np.array(onsets(pcm)) + offset == pytest.approx(onsets(sound), abs=SYNC_S)
    assert len(pcm) / SAMPLE_RATE + offset == pytest.approx(4, abs=0.025)  # AAC: whole packets of 21 ms
    assert probe(path).frame_count_hint == round(4 * rate)


@pytest.mark.parametrize("time_base", ["1/8", "1001/30000", "1/2147483647", "1/90000"])
def test_a_late_beginning_is_late_for_the_sound_too(tmp_path, time_base):
    path, sound, tick = tmp_path / "a.mp4", bursts(1), Fraction(time_base)
    stamps = [round((Fraction(1, 3) + Fraction(index, 8)) / tick) for index in range(8)]
    with VideoWriter(path, 32, 32, tick, sound_channels=1) as writer:
        for stamp in stamps:
            writer.append(np.full((32, 32, 3), 90, np.uint8), stamp)
        writer.append_sound(sound)
    pcm, offset = sound_of(path)
    assert np.array(onsets(pcm)) + offset == pytest.approx(onsets(sound), abs=SYNC_S)
    assert read_back(path, tick) == stamps


def test_sound_that_comes_late_is_heard_in_time(tmp_path):
    path, sound = tmp_path / "a.mp4", bursts(4)
    with VideoWriter(path, 32, 32, MS, frame_rate=Fraction(25), sound_channels=1) as writer:
        for index in range(100):
            writer.append(np.full((32, 32, 3), 90, np.uint8), 40 * index)
            if index == 74:
                writer.append_sound(sound[: 2 * SAMPLE_RATE])
        writer.append_sound(sound[2 * SAMPLE_RATE :])
    pcm, offset = sound_of(path)
    assert np.array(onsets(pcm)) + offset == pytest.approx(onsets(sound), abs=SYNC_S)


def test_what_was_cut_off_has_sound_up_to_there(tmp_path):
    path, sound = tmp_path / "a.mp4", bursts(4)
    writer = VideoWriter(path, 32, 32, MS, frame_rate=Fraction(25), sound_channels=1)
    for index in range(75):
        writer.append(np.full((32, 32, 3), 90, np.uint8), 40 * index)
        writer.append_sound(sound[1920 * index : 1920 * (index + 1)])
    writer.abort()
    pcm, offset = sound_of(path)
    assert np.array(onsets(pcm)) + offset == pytest.approx(onsets(sound[: 3 * SAMPLE_RATE]), abs=SYNC_S)
    assert len(pcm) / SAMPLE_RATE + offset == pytest.approx(3, abs=0.025)


def test_a_video_without_sound_has_no_sound_track(tmp_path):
    path = tmp_path / "a.mp4"
    writer = VideoWriter(path, 32, 32, MS)
    with pytest.raises(ValueError, match="takes no sound"):
        writer.append_sound(bursts(1))
    writer.append(np.zeros((32, 32, 3), np.uint8), 0)
    writer.close()
    assert probe_sound(path) is None


def test_a_writer_without_any_sound_given_still_makes_a_video(tmp_path):
    path = tmp_path / "a.mp4"
    write(path, [0, 40, 80], sound_channels=1)
    assert read_back(path, MS) == [0, 40, 80]
