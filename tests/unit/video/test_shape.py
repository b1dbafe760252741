from __future__ import annotations

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from semvid.video.orientation import Orientation
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.remarks import remarks
from semvid.video.shape import PixelShape, pixel_shape, shown_size
from semvid.video.writer import VideoWriter

UPRIGHT, TURNED = Orientation(), Orientation(transpose=True, flip_x=True)


def aspect_of(value):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = value

    return prepare


@pytest.mark.parametrize(
    ("name", "size", "aspect", "expected"),
    [
        ("a.mp4", (72, 58), Fraction(16, 11), (105, 58)),
        ("a.mkv", (72, 48), Fraction(8, 9), (64, 48)),
        ("a.ts", (96, 54), Fraction(4, 3), (128, 54)),
        ("a.avi", (90, 72), Fraction(64, 45), (128, 72)),
        ("a.mov", (64, 48), Fraction(1185, 1080), (70, 48)),
    ],
)
def test_the_shape_of_pixels_is_read_and_written(clip, tmp_path, name, size, aspect, expected):
    """In the container, in the H.264 stream, or in both."""
    info = probe(clip(name, width=size[0], height=size[1], prepare=aspect_of(aspect)))
    assert info.pixel_shape == PixelShape(aspect)
    assert shown_size(info.width, info.height, info.pixel_shape.aspect) == expected
    (remark,) = remarks(info)
    assert f"{size[0]}x{size[1]} pixels are shown as {expected[0]}x{expected[1]}" in remark
    path = tmp_path / "out.mp4"
    write(path, size, aspect)
    assert probe(path).pixel_shape == PixelShape(aspect)
    assert presented(path) == [expected]


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(64, 45), Fraction(4095, 2048), Fraction(1, 8)])
@pytest.mark.parametrize("ended", [True, False])
def test_players_of_every_kind_are_told(tmp_path, aspect, ended):
    """By the H.264 stream, the sample description and the size of the track; also in what is left over."""
    path, raw = tmp_path / "a.mp4", tmp_path / "a.h264"
    writer = write(path, (64, 48), aspect, ended)
    assert writer.frames == 3
    assert presented(path) == [(round(64 * aspect), 48)]
    with av.open(str(path)) as source, av.open(str(raw), "w", format="h264") as target:
        stream = source.streams.video[0]
        assert (stream.sample_aspect_ratio or 1) == aspect
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                target.mux_one(packet)
    with av.open(str(raw), format="h264") as alone:
        assert alone.streams.video[0].codec_context.sample_aspect_ratio == aspect
        assert sum(1 for _ in alone.decode(video=0)) == 3


def write(path, size, aspect, ended=True):
    writer = VideoWriter(path, *size, Fraction(1, 25), pixel_aspect=aspect)
    for index in range(3):
        writer.append(np.full((size[1], size[0], 3), 80 * index, np.uint8), index)
    writer.close() if ended else writer.abort()
    return writer


def presented(path):
    """Width and height of every track header (ISO/IEC 14496-12, 8.3.2), whole pixels."""
    data, sizes, at = path.read_bytes(), [], 0
    while (at := data.find(b"tkhd", at)) >= 0:
        length = struct.unpack_from(">I", data, at - 4)[0]
        width, height = struct.unpack_from(">II", data, at - 4 + length - 8)
        sizes.append((round(width / 65_536), round(height / 65_536)))
        at += 4
    return sizes


@pytest.mark.parametrize(
    ("stated", "orientation", "expected"),
    [
        (None, UPRIGHT, PixelShape()),
        (Fraction(0), UPRIGHT, PixelShape()),
        (Fraction(1), TURNED, PixelShape()),
        (Fraction(640, 639), UPRIGHT, PixelShape()),
        (Fraction(704, 705), TURNED, PixelShape()),
        (Fraction(100, 99), UPRIGHT, PixelShape(Fraction(100, 99))),
        (Fraction(64, 45), TURNED, PixelShape(Fraction(45, 64))),
        (Fraction(10), UPRIGHT, PixelShape(Fraction(10))),
        (Fraction(11), UPRIGHT, PixelShape(ignored=Fraction(11))),
        (Fraction(1, 2000), TURNED, PixelShape(ignored=Fraction(1, 2000))),
        (Fraction(-4, 3), UPRIGHT, PixelShape(ignored=Fraction(-4, 3))),
    ],
)
def test_what_is_made_of_what_a_file_states(stated, orientation, expected):
    assert pixel_shape(stated, orientation) == expected


@pytest.mark.parametrize(
    "stated", [Fraction(2**31 - 1, 10**9), Fraction(10**9, 2**31 - 1), Fraction(99_991, 10_007)]
)
def test_long_ratios_are_shortened_until_the_header_holds_them(stated):
    aspect = pixel_shape(stated, UPRIGHT).aspect
    assert max(aspect.numerator, aspect.denominator) <= 4096
    assert abs(aspect / stated - 1) < Fraction(1, 10**4)


def test_rotation_turns_pixels_too(clip, gradient):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_rotation(90)

    info = probe(clip("a.mp4", prepare=prepare))
    assert (info.width, info.height) == (48, 64)
    assert info.pixel_shape.aspect == Fraction(3, 4)


def test_an_absurd_shape_is_said_and_ignored(clip):
    info = probe(clip("a.mp4", prepare=aspect_of(Fraction(20, 1))))
    assert info.pixel_shape.aspect == 1
    assert "20:1" in remarks(info)[0]


def test_which_of_several_video_tracks_was_taken_is_said(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mpeg4", rate=25) for _ in range(3)]
        for stream, level in zip(streams, (40, 120, 200), strict=True):
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.disposition = av.stream.Disposition.default if level == 120 else 0
        for index in range(4):
            for stream, level in zip(streams, (40, 120, 200), strict=True):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8))
                frame.pts = index
                container.mux(stream.encode(frame.reformat(format="yuv420p")))
        for stream in streams:
            container.mux(stream.encode(None))
    info = probe(path)
    assert (info.video_track, info.video_tracks) == (2, 3)
    assert remarks(info) == ["The file holds 3 video tracks; number 2 was taken."]
    assert next(read_frames(path, info)).picture.mean() == pytest.approx(120, abs=4)
