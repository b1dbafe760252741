from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_excerpt, read_frames
from semvid.video.remarks import remarks

WIDTH, HEIGHT, STEP, BAR = 96, 64, 8, 24


def woven(frames, first_field=0):
    """A bright bar that has moved on by the second field of each frame; [height, width, 3] uint8."""
    pictures = []
    for index in range(frames):
        picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        for field in (0, 1):
            later = field != first_field
            left = 8 + STEP * index + STEP // 2 * later
            picture[field::2, left : left + BAR] = 200
        pictures.append(picture)
    return pictures


def combing(picture):
    """How much lines differ from the mean of their neighbours, against how the neighbours differ."""
    grey = picture[..., 1].astype(float)
    inner = np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2)[8:-8]
    return inner.mean()


SOURCES = {
    "H.264 (MBAFF)": ("a.mp4", "libx264", {"flags": "+ildct+ilme"}, "yuv420p"),
    "MPEG-2": ("a.ts", "mpeg2video", {"flags": "+ildct+ilme", "b": "4M"}, "yuv420p"),
    "MPEG-4": ("a.avi", "mpeg4", {"flags": "+ildct+ilme", "b": "4M"}, "yuv420p"),
    "ProRes": ("a.mov", "prores_ks", {"flags": "+ildct"}, "yuv422p10le"),
    "FFV1": ("a.mkv", "ffv1", {}, "yuv420p"),
}


def write(path, marks, pictures, codec="ffv1", options=None, pixel_format="yuv420p"):
    """Pictures whose frames are marked "tff", "bff" or "prog", one mark for each."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        stream.codec_context.thread_count = 1
        for index, (mark, picture) in enumerate(zip(marks, pictures, strict=True)):
            frame = av.VideoFrame.from_ndarray(picture).reformat(format=pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(marked(frame, mark)))
        container.mux(stream.encode(None))
    return path


def marked(frame, mark):
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 25),
    )
    graph.link_nodes(source, graph.add("setfield", f"mode={mark}"), graph.add("buffersink")).configure()
    graph.push(frame)
    return graph.vpull()


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("mark", ["tff", "bff"])
def test_fields_become_whole_pictures_at_the_same_times(tmp_path, kind, mark):
    name, codec, options, pixel_format = SOURCES[kind]
    pictures = woven(7, first_field=("tff", "bff").index(mark))
    path = write(tmp_path / name, [mark] * 7, pictures, codec, options, pixel_format)
    with av.open(str(path)) as container:
        stored = list(container.decode(video=0))
        assert all(frame.interlaced_frame for frame in stored)
    info = probe(path)
    assert info.interlaced
    assert "deinterlaced" in remarks(info)[0]
    seen = list(read_frames(path, info))
    times = [float(frame.pts * info.time_base) for frame in seen]
    assert np.diff(times) == pytest.approx(0.04)
    assert len(seen) == 7
    for frame, picture in zip(seen[1:-1], pictures[1:-1], strict=True):
        assert combing(frame.picture) < 0.05 * combing(picture)
        left = 8 + STEP * frame.index  # where the bar was when the first field was taken
        for row in (HEIGHT // 2, HEIGHT // 2 + 1):
            line = frame.picture[row, :, 1].astype(int)
            assert line[left + 2 : left + BAR - 2] == pytest.approx(200, abs=15)
            assert line[left + BAR + 3 :] == pytest.approx(40, abs=15)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_as_many_frames_come_out_as_go_in(tmp_path, frames):
    path = write(tmp_path / "a.mkv", ["tff"] * frames, woven(frames))
    assert len(list(read_frames(path, probe(path)))) == frames


@pytest.mark.parametrize("size", [(2, 2), (3, 8), (8, 3), (4, 4)])
def test_tiny_pictures_pass(tmp_path, size):
    """As they are where the filter takes none so small."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv444p"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 50 * index, np.uint8))
            frame = frame.reformat(format="yuv444p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(marked(frame, "tff")))
        container.mux(stream.encode(None))
    seen = [frame.picture.mean() for frame in read_frames(path, probe(path))]
    assert seen == pytest.approx([0, 50, 100], abs=2)


def test_an_excerpt_is_deinterlaced_too(tmp_path):
    pictures = woven(7)
    path = write(tmp_path / "a.mkv", ["tff"] * 7, pictures)
    seen = list(read_excerpt(path, probe(path), 0.0))
    assert len(seen) == 7
    assert combing(seen[3]) < 0.05 * combing(pictures[3])


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("a.mp4", "libx264", {"crf": "20"}), ("a.ts", "mpeg2video", {"b": "4M"}), ("a.mkv", "ffv1", None)],
)
def test_no_filter_is_made_for_progressive_pictures(clip, monkeypatch, name, codec, options):
    """Though their lines may look like two fields."""
    path = clip(name, codec=codec, options=options, width=WIDTH, height=HEIGHT, pictures=woven(6))
    info = probe(path)
    assert not info.interlaced
    assert remarks(info) == []
    monkeypatch.setattr("semvid.video.deinterlacing._graph", None)
    assert len(list(read_frames(path, info))) == 6


@pytest.mark.parametrize("marks", [["tff"] * 4 + ["prog"] * 4, ["prog"] * 4 + ["bff"] * 4])
def test_a_progressive_part_of_an_interlaced_source_stays_as_it_is(tmp_path, marks):
    """A film in a broadcast; and fields that begin in the middle."""
    path = write(tmp_path / "a.mkv", marks, woven(8))
    plain = write(tmp_path / "b.mkv", ["prog"] * 8, woven(8))
    seen, stored = ([frame.picture for frame in read_frames(one, probe(one))] for one in (path, plain))
    assert len(seen) == 8
    untouched = [np.array_equal(*pair) for pair in zip(seen, stored, strict=True)]
    assert untouched == [mark == "prog" for mark in marks]
