"""What is no video is refused with a sentence that says so."""

from __future__ import annotations

import os

import av
import cv2
import numpy as np
import pytest

from semvid.errors import UnsupportedMedia
from semvid.video.probe import probe
from semvid.video.reader import read_frames


def test_text_that_names_other_files_is_refused_whatever_its_name(clip, tmp_path):
    clip("a.mp4")
    clip("a.ts", frames=20)
    texts = {
        "concat": "ffconcat version 1.0\nfile 'a.mp4'\n",
        "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\na.ts\n#EXT-X-ENDLIST\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n",
    }
    for content in texts.values():
        for suffix in (".mp4", ".m3u8", ".ffconcat"):
            path = tmp_path / f"text{suffix}"
            path.write_text(content)
            with pytest.raises(UnsupportedMedia, match="no video that can be read"):
                probe(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_still_pictures_are_refused(tmp_path, suffix, gradient):
    encoded, data = cv2.imencode(suffix, gradient(48, 64))
    assert encoded
    for name in (f"still{suffix}", "still.mp4"):
        path = tmp_path / name
        path.write_bytes(data.tobytes())
        with pytest.raises(UnsupportedMedia, match="no video that can be read"):
            probe(path)


def test_empty_and_random_files_are_refused(tmp_path):
    for content in (b"", b"\x00" * 4096, np.random.default_rng(1).bytes(4096)):
        path = tmp_path / "a.mp4"
        path.write_bytes(content)
        with pytest.raises(UnsupportedMedia):
            probe(path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    fifo = tmp_path / "fifo.mp4"
    os.mkfifo(fifo)
    for path in (tmp_path, loop, fifo, tmp_path / "missing.mp4", tmp_path / "nul\0.mp4"):
        with pytest.raises(UnsupportedMedia) as refusal:
            probe(path)
        assert str(tmp_path) not in str(refusal.value)


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        _add_sound(container)
    with pytest.raises(UnsupportedMedia, match="no video stream"):
        probe(path)


def test_a_cover_picture_is_no_video(tmp_path, gradient):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        _add_sound(container)
        container.mux(cover.encode(av.VideoFrame.from_ndarray(gradient(48, 64))))
        container.mux(cover.encode(None))
    with av.open(str(path)) as container:
        assert container.streams.video[0].disposition & av.stream.Disposition.attached_pic
    with pytest.raises(UnsupportedMedia, match="no video stream"):
        probe(path)


def test_a_container_without_frames_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(UnsupportedMedia):
        probe(path)


def test_a_codec_outside_the_list_is_named(clip):
    path = clip("a.avi", codec="huffyuv", pixel_format="yuv422p")
    with pytest.raises(UnsupportedMedia, match="'huffyuv' is not accepted"):
        probe(path)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
@pytest.mark.parametrize("faststart", [False, True])
def test_a_file_that_breaks_off_is_refused(clip, noise, suffix, share, faststart):
    options = {"movflags": "faststart"} if faststart and suffix == "mp4" else None
    codec = "mpeg4" if suffix == "avi" else "libx264"
    path = clip(f"a.{suffix}", codec=codec, frames=20, pictures=noise(20), container_options=options)
    assert probe(path).frame_count_hint == 20
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UnsupportedMedia, match=r"breaks off|incomplete"):
        probe(path)


def test_frames_that_change_their_size_are_refused_at_the_frame(clip, tmp_path):
    small = clip("a.ts", frames=20, options={"bf": "0"}, rate=25)
    stamps = list(range(100, 120))
    large = clip(
        "b.ts",
        frames=20,
        width=96,
        options={"bf": "0"},
        stamps=stamps,
        time_base=probe(small).frame_rate ** -1,
    )
    path = tmp_path / "c.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(UnsupportedMedia, match="from 64x48 to 96x48 at frame 20"):
        list(read_frames(path, probe(path)))


def test_time_stamps_that_run_backwards_are_refused_at_the_door(clip, tmp_path):
    one = clip("a.ts", frames=100)
    path = tmp_path / "b.ts"
    path.write_bytes(one.read_bytes() * 2)
    with pytest.raises(UnsupportedMedia, match="repeat or run backwards"):
        probe(path)


def _add_sound(container):
    stream = container.add_stream("aac", rate=44100, layout="mono")
    for _ in range(4):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
