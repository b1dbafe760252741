"""What comes out of the reader is the picture that was meant, whatever way it was stored."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_excerpt, read_frames
from semvid.video.scan import StampSource
from semvid.video.timing import offsets
from tests.hand_made_streams import write_packets

B_FRAMES = {"bf": "3", "b-adapt": "0", "sc_threshold": "0"}


def moving(gradient, count):
    return [np.roll(gradient(48, 64), shift, 1) for shift in range(count)]


def read(path):
    info = probe(path)
    return info, list(read_frames(path, info))


STORED = [
    # name, codec, pixel format, encoder options, largest mean error in levels
    ("h264.mp4", "libx264", "yuv420p", {"crf": "5"}, 1.5),
    ("h264.mkv", "libx264", "yuv420p", {"crf": "5"}, 1.5),
    ("h264.ts", "libx264", "yuv420p", {"crf": "5"}, 1.5),
    ("full-range.mp4", "libx264", "yuvj420p", {"crf": "5"}, 1.5),
    ("10-bit.mp4", "libx264", "yuv420p10le", {"crf": "5"}, 1.5),
    ("interlaced.mp4", "libx264", "yuv420p", {"crf": "5", "flags": "+ildct+ilme"}, 1.5),
    ("rgb.mp4", "libx264rgb", "rgb24", {"crf": "5"}, 1.5),
    ("4444.mov", "prores_ks", "yuva444p10le", {}, 1.0),
    ("422.mov", "prores_ks", "yuv422p10le", {}, 1.0),
    ("alpha.mov", "png", "rgba", {}, 0.0),
    ("rle.mov", "qtrle", "rgb24", {}, 0.0),
    ("alpha.webm", "libvpx-vp9", "yuva420p", {"crf": "5"}, 1.5),
    ("vp8.webm", "libvpx", "yuv420p", {"b": "2M"}, 2.0),
    ("lossless.mkv", "ffv1", "bgr0", {}, 0.0),
    ("mpeg4.avi", "mpeg4", "yuv420p", {"qscale": "2", "b": "2M"}, 2.0),
    ("mjpeg.avi", "mjpeg", "yuvj420p", {"b": "4M"}, 3.0),
    ("raw.avi", "rawvideo", "bgr24", {}, 0.0),
    ("mpeg2.mpg", "mpeg2video", "yuv420p", {"b": "4M"}, 2.0),
    ("flash.flv", "flv", "yuv420p", {"b": "2M"}, 2.0),
    ("uncompressed.y4m", "rawvideo", "yuv420p", {}, 1.5),
]


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options", "error"), STORED, ids=[s[0] for s in STORED]
)
def test_formats(clip, gradient, name, codec, pixel_format, options, error):
    path = clip(name, codec=codec, pixel_format=pixel_format, options=options, frames=12)
    info, frames = read(path)
    assert (info.width, info.height, info.frame_count_hint, len(frames)) == (64, 48, 12, 12)
    assert info.frame_rate == 25
    assert [frame.index for frame in frames] == list(range(12))
    assert frames[0].pts == 0
    assert not any(offsets((frame.pts for frame in frames), info.grid))
    for frame in frames:
        assert frame.picture.dtype == np.uint8
        assert frame.picture.flags.c_contiguous
        assert np.abs(frame.picture.astype(int) - gradient(48, 64)).mean() <= error


@pytest.mark.parametrize("pixel_format", ["gray", "gray16le"])
def test_gray_pictures_have_three_equal_channels(clip, pixel_format):
    picture = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 4, 48, 0).repeat(3, 2)
    path = clip("a.mkv", codec="ffv1", pixel_format=pixel_format, pictures=[picture] * 3, frames=3)
    frames = read(path)[1]
    assert len(frames) == 3
    for frame in frames:
        assert np.abs(frame.picture.astype(int) - picture).max() <= 1


def test_a_palette_is_looked_up(tmp_path):
    path = tmp_path / "a.avi"
    frame = av.VideoFrame(8, 8, "pal8")
    frame.planes[0].update(bytes([1] * frame.planes[0].buffer_size))
    palette = np.zeros(256, "<u4")
    palette[1] = 0xFF_C8_32_0A
    frame.planes[1].update(palette.tobytes())
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8, 8, "pal8"
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _, frames = read(path)
    np.testing.assert_array_equal(frames[0].picture, np.broadcast_to([0xC8, 0x32, 0x0A], (8, 8, 3)))


@pytest.mark.parametrize("size", [(1, 1), (33, 17), (2, 2), (17, 64)])
def test_odd_and_tiny_sizes(clip, gradient, size):
    width, height = size
    path = clip("a.mkv", codec="ffv1", pixel_format="yuv444p", width=width, height=height, frames=2)
    info, frames = read(path)
    assert (info.width, info.height) == size
    assert np.abs(frames[1].picture.astype(int) - gradient(height, width)).max() <= 2


@pytest.mark.parametrize("matrix", [1, 5])
def test_the_tagged_matrix_is_used(clip, matrix):
    red = np.broadcast_to(np.array([220, 30, 40], np.uint8), (48, 64, 3))

    def tag(stream):
        stream.codec_context.colorspace = matrix

    def converted():
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(red))
        return frame.reformat(format="yuv444p", dst_colorspace=matrix, dst_color_range=1)

    path = clip("a.mp4", pixel_format="yuv444p", frames=0, prepare=tag)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        tag(stream)
        container.mux(stream.encode(converted()))
        container.mux(stream.encode(None))
    _, frames = read(path)
    assert np.abs(frames[0].picture.astype(int) - red).max() <= 3


def test_one_frame(clip):
    info, frames = read(clip("a.mp4", frames=1))
    assert (info.frame_count_hint, len(frames), info.frame_rate) == (1, 1, 25)
    assert info.duration_s == pytest.approx(0.04)


def test_matroska_at_30_frames_a_second_lies_on_the_grid(clip):
    info, frames = read(clip("a.mkv", rate=30, frames=100))
    assert (info.time_base, info.frame_rate) == (Fraction(1, 1000), 30)
    assert [frame.pts for frame in frames[:4]] == [0, 33, 67, 100]
    assert not any(offsets((f.pts for f in frames), info.grid))


def test_b_frames_leave_their_time_stamps_in_order(clip, gradient):
    path = clip("a.mp4", frames=20, pictures=moving(gradient, 20), options=B_FRAMES)
    with av.open(str(path)) as container:
        packets = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert packets != sorted(packets)
    info, frames = read(path)
    assert info.stamps is StampSource.FRAME
    assert [frame.pts for frame in frames] == sorted(packets)


def test_variable_rate_is_exact(clip):
    stamps = [0, 33, 70, 200, 233, 250, 400, 500, 501, 502]
    path = clip("a.mkv", stamps=stamps, time_base=Fraction(1, 1000), frames=10)
    info, frames = read(path)
    assert info.time_base == Fraction(1, 1000)
    assert [frame.pts for frame in frames] == stamps


def test_the_times_of_an_avi_are_dealt_out_in_order(clip, gradient):
    path = clip("a.avi", frames=20, pictures=moving(gradient, 20), options=B_FRAMES)
    with av.open(str(path)) as container:
        decoded = [frame.pts for frame in container.decode(video=0)]
    assert decoded != sorted(decoded)
    info, frames = read(path)
    assert info.stamps is StampSource.DECODING
    assert [frame.pts for frame in frames] == list(range(20))


def test_a_broadcast_that_begins_within_a_group_of_pictures_starts_at_its_first_key_frame(
    clip, noise, tmp_path
):
    whole = clip("a.ts", frames=40, pictures=noise(40), options={"g": "10", "bf": "0"})
    path = tmp_path / "b.ts"
    path.write_bytes(whole.read_bytes()[188 * 30 :])
    info, frames = read(path)
    assert 0 < len(frames) < 40
    assert frames[0].pts == 0
    assert not any(offsets((f.pts for f in frames), info.grid))


def test_invisible_reference_frames_are_not_counted(clip, gradient, tmp_path):
    visible = clip("a.webm", codec="libvpx", frames=20, pictures=moving(gradient, 20))
    path = tmp_path / "b.webm"
    with av.open(str(visible)) as old, av.open(str(path), "w") as new:
        copy = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if not packet.size:
                continue
            if not packet.is_keyframe:
                data = bytearray(bytes(packet))
                data[0] &= 0xEF  # show_frame
                hidden = av.Packet(bytes(data))
                hidden.pts = hidden.dts = packet.pts - 5
                hidden.time_base, hidden.stream = packet.time_base, copy
                new.mux_one(hidden)
            packet.stream = copy
            new.mux_one(packet)
    info, frames = read(path)
    assert info.frame_count_hint == len(frames) == 20
    assert info.frame_rate == 25
    assert [frame.pts for frame in frames] == [40 * index for index in range(20)]


def test_reading_closes_the_file_when_it_is_abandoned(clip):
    path = clip("a.mp4")
    frames = read_frames(path, probe(path))
    next(frames)
    assert _open_files(path) == 1
    frames.close()
    assert _open_files(path) == 0


def test_probing_closes_the_file(clip):
    path = clip("a.mp4")
    probe(path)
    assert _open_files(path) == 0


def _open_files(path):
    return sum(link.exists() and link.resolve() == path for link in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "h264.ts", "mpeg4.avi"])
def test_an_excerpt_begins_where_it_is_asked_for(clip, name):
    """Each picture is brighter than the one before, so that it tells where it stood."""
    pictures = [np.full((48, 64, 3), 20 + 3 * number, np.uint8) for number in range(75)]
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = clip(name, codec=codec, pictures=pictures, frames=75, options={"g": "12", "b": "2M"})
    info = probe(path)
    for start_s in (0.0, 1.0, 2.2):
        found = [picture.mean() for picture in read_excerpt(path, info, start_s)]
        expected = [picture.mean() for picture in pictures[round(start_s * info.frame_rate) :]]
        late = len(expected) - len(found)
        assert -1 <= late <= (12 if name.endswith("ts") else 1)  # MPEG-TS has no index
        assert found[0] == pytest.approx(expected[max(0, late)], abs=5)


def test_an_excerpt_from_where_nothing_is_has_no_picture(clip):
    path = clip("short.mp4", frames=12)
    assert list(read_excerpt(path, probe(path), 60.0)) == []


@pytest.mark.parametrize(("flagged", "first"), [(True, 4), (False, 0)])
def test_an_avi_that_begins_in_the_middle_starts_at_its_first_picture_that_decodes(
    clip, noise, tmp_path, flagged, first
):
    whole = clip("a.avi", codec="mjpeg", pixel_format="yuvj420p", frames=12, pictures=noise(12))
    with av.open(str(whole)) as container:
        coded = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    coded[:4] = [b"\xff" * len(data) for data in coded[:4]] if flagged else coded[:4]
    keys = range(4, 12) if flagged else ()
    path = write_packets(tmp_path / "b.avi", "mjpeg", coded, range(12), Fraction(1, 25), 25, (64, 48), keys)
    info, frames = read(path)
    assert (info.first_pts, info.frame_count_hint, info.frames_before) == (first, 12 - first, first)
    assert [frame.pts for frame in frames] == list(range(12 - first))


@pytest.mark.parametrize("b_frames", [1, 3, 16])
def test_frames_that_are_passed_by_many_others_are_not_missed(clip, gradient, tmp_path, b_frames):
    """Packets whose times rise although their frames are reordered: times are dealt out, none is dropped."""
    options = {"bf": str(b_frames), "x264-params": "b-adapt=0:scenecut=0:b-pyramid=none:keyint=200"}
    whole = clip("a.ts", frames=60, pictures=moving(gradient, 60), options=options)
    with av.open(str(whole)) as container:
        codec = container.streams.video[0].codec_context
        size = codec.width, codec.height
        coded = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    stamps = [3600 * n for n in range(60)]
    path = write_packets(tmp_path / "b.ts", "h264", coded, stamps, Fraction(1, 90_000), 25, size)
    info, frames = read(path)
    assert info.stamps is StampSource.ORDER
    assert [frame.pts for frame in frames] == stamps
