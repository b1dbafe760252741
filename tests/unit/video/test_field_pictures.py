"""Frames are counted, whatever their packets are: fields, or two objects in one."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from semvid.video.field_pictures import H264Fields, Mpeg2Fields
from semvid.video.probe import probe, probe_places
from semvid.video.reader import read_frames
from semvid.video.video_objects import VideoObjects
from tests.hand_made_streams import (
    NOT_CODED,
    h264_field,
    h264_fields,
    h264_paff,
    mpeg2_fields,
    packed_b_frames,
    remuxed,
    write_packets,
)

TS = Fraction(1, 90_000)
MAKERS = {"h264": h264_fields, "mpeg2video": mpeg2_fields}
KINDS = {"h264": H264Fields, "mpeg2video": Mpeg2Fields}


def packets(path):
    with av.open(str(path)) as container:
        return sum(bool(packet.size) for packet in container.demux(video=0))


@pytest.mark.parametrize("frames", [11, 25])
@pytest.mark.parametrize("rate", [25, 30])
@pytest.mark.parametrize("codec", MAKERS)
def test_a_frame_of_two_fields_is_one_frame(tmp_path, codec, rate, frames):
    stamps = [900_000 + n * 90_000 // rate // 2 for n in range(2 * frames)]
    path = write_packets(tmp_path / "a.ts", codec, MAKERS[codec](frames), stamps, TS, 2 * rate)
    info = probe(path)
    found = list(read_frames(path, info))
    assert (len(found), info.frame_count_hint) == (frames, frames)
    assert info.frame_rate == rate
    assert info.duration_s == pytest.approx(frames / rate)
    assert [frame.pts for frame in found] == [n * 90_000 // rate for n in range(frames)]


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
@pytest.mark.parametrize("joined", [False, True])
def test_fields_in_files(tmp_path, suffix, joined):
    fields = h264_fields(12)
    if joined:
        fields = [first + second for first, second in zip(fields[::2], fields[1::2], strict=True)]
    step = 3600 if joined else 1800
    stream = write_packets(tmp_path / "a.ts", "h264", fields, [n * step for n in range(len(fields))], TS)
    path = remuxed(stream, tmp_path / f"a.{suffix}")
    info = probe(path)
    assert (info.frame_count_hint, info.frame_rate) == (12, 25)
    assert info.duration_s == pytest.approx(0.48)
    pictures = [frame.picture for frame in read_frames(path, info)]
    assert len(pictures) == 12
    rows = np.array([picture.mean((1, 2)) for picture in pictures])
    assert (np.diff(rows[:, ::2].mean(1)) > 0).all()


def paff(path, coded, step=3600):
    """``coded`` as `h264_paff` has it, each picture with its time; ``path`` says the container."""
    stamps = []
    for frame, kind in enumerate(coded):
        at = frame * step
        stamps += {"f": [at], "p": [at, at + step // 2], "t": [at], "b": [at + step // 2]}[kind]
    stream = write_packets(path.with_suffix(".ts"), "h264", h264_paff(coded), stamps, TS)
    return stream if path.suffix == ".ts" else remuxed(stream, path)


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4", "mov"])
@pytest.mark.parametrize(("coded", "interlaced"), [("fpfpffpp", False), ("pfffpfp", True), ("ffff", False)])
def test_frames_and_pairs_of_fields_in_turns(tmp_path, suffix, coded, interlaced):
    """PAFF as broadcasters' encoders make it: still parts in frames, moving ones in fields."""
    info = probe(path := paff(tmp_path / f"a.{suffix}", coded))
    found = list(read_frames(path, info))
    assert (len(found), info.frame_count_hint, info.frame_rate) == (len(coded), len(coded), 25)
    assert info.interlaced == interlaced
    assert info.duration_s == pytest.approx(len(coded) / 25)
    assert [frame.pts * info.time_base * 25 for frame in found] == pytest.approx(range(len(coded)), abs=0.03)
    levels = [frame.picture.mean() for frame in found]
    assert levels == sorted(set(levels))


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4"])
@pytest.mark.parametrize("lone", ["t", "b"])
def test_a_field_that_lost_its_other_costs_a_frame_and_no_time(tmp_path, suffix, lone):
    """Frames are in their places again 17 after it at the latest, and at once where packets state times."""
    coded = "p" * 5 + lone + "p" * 30 + lone + "p" * 30
    info = probe(path := paff(tmp_path / f"a.{suffix}", coded))
    found = list(read_frames(path, info))
    assert (info.frame_count_hint, len(found)) == (67, 65)
    assert info.duration_s == pytest.approx(67 / 25)
    numbers = [n for n, kind in enumerate(coded) if kind == "p"]
    late = [float(f.pts * info.time_base * 25) - n for n, f in zip(numbers, found, strict=True)]
    off = [n for n, by in zip(numbers, late, strict=True) if abs(by) > 0.03]
    assert min(late) >= -1.03
    assert set(off) <= {*range(6, 6 + 17), *range(37, 37 + 17)}
    assert not off or suffix != "mp4"


def test_the_fields_of_a_file_have_packets_of_their_own(tmp_path):
    path = write_packets(tmp_path / "a.ts", "h264", h264_fields(12), range(0, 24 * 1800, 1800), TS)
    assert packets(path) == packets(remuxed(path, tmp_path / "a.mp4")) == 24


@pytest.mark.parametrize("codec", MAKERS)
def test_only_an_opposite_field_of_the_same_frame_completes_one(codec):
    one, two, three, four = MAKERS[codec](2)
    kinds = KINDS[codec](b"")
    verdicts = [kinds.begins_frame(data) for data in (one, two, three, four)]
    assert verdicts == [True, False, True, False]
    kinds = KINDS[codec](b"")
    assert [kinds.begins_frame(data) for data in (one, one, four, three)] == [True, True, True, False]


def test_what_makes_no_sense_is_a_frame():
    rng = np.random.default_rng(0)
    for kinds in (H264Fields(b"\1\2"), Mpeg2Fields(b""), VideoObjects(b"\0\0\1\x20")):
        for length in range(64):
            kinds.begins_frame(b"\0\0\1" + rng.bytes(length))
    assert H264Fields(b"").begins_frame(h264_field(0, 0, 1))  # no parameter set says that there are fields


@pytest.mark.parametrize(
    ("suffix", "frames", "b_frames", "rate"),
    [("avi", 25, 1, 25), ("avi", 48, 2, 24), ("avi", 31, 1, 30), ("mkv", 25, 1, 25)],
)
def test_packed_b_frames(tmp_path, suffix, frames, b_frames, rate):
    path = packed_b_frames(tmp_path / "a.avi", frames, b_frames, rate)
    if suffix != "avi":
        path = remuxed(path, tmp_path / f"a.{suffix}")
    info = probe(path)
    found = list(read_frames(path, info))
    assert (len(found), info.frame_count_hint, info.frame_rate) == (frames, frames, rate)
    assert info.duration_s == pytest.approx(frames / rate, abs=0.001)
    if suffix == "avi":
        assert [frame.pts for frame in found] == list(range(frames))
    levels = [frame.picture.mean() for frame in found]
    assert levels == sorted(levels)


def test_a_dropped_frame_of_mpeg4_is_none(clip, tmp_path):
    """A recorder that cannot keep up writes an object that is not coded; the frame before is shown longer."""
    whole = clip("a.avi", codec="mpeg4", frames=12, options={"bf": "0"})
    with av.open(str(whole)) as container:
        coded = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    coded[5] = coded[6] = NOT_CODED
    path = write_packets(tmp_path / "b.avi", "mpeg4", coded, range(12), Fraction(1, 25), 25, (64, 48))
    info = probe(path)
    assert info.frame_count_hint == 10
    assert [frame.pts for frame in read_frames(path, info)] == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert info.duration_s == pytest.approx(12 / 25)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video", "mpeg4"])
@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_parameters_that_are_repeated_are_no_change(clip, codec, suffix):
    options = {"g": "5", "x265-params": "keyint=5:log-level=none:pools=1", "b": "1M"}
    path = clip(f"a.{suffix}", codec=codec, frames=30, options=options)
    _, places = probe_places(path)
    assert len(places.keys) >= 6
    assert not places.turns
