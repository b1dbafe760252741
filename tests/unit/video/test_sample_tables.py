from __future__ import annotations

import struct

import av
import numpy as np
import pytest

from semvid.errors import LimitExceeded, UnsupportedMedia
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.sample_tables import MAX_EDITS, MAX_INDEX_BYTES, check_sample_tables

MANY = 2**27  # samples: unfolded by the demuxer, some 10 GB


def patch(path, tag, offset, *numbers):
    data = bytearray(path.read_bytes())
    assert data.count(tag) == 1
    at = data.index(tag) + 4 + offset
    data[at : at + 4 * len(numbers)] = struct.pack(f">{len(numbers)}I", *numbers)
    path.write_bytes(data)


def test_a_table_of_constant_sample_size_is_not_unfolded(clip):
    path = clip("a.mp4")
    patch(path, b"stsz", 4, 1, MANY)
    with pytest.raises(LimitExceeded, match=str(MANY)):
        probe(path)


def test_a_track_run_is_not_unfolded(clip):
    path = clip("a.mp4", container_options={"movflags": "frag_keyframe+empty_moov"})
    patch(path, b"trun", 4, MANY)
    with pytest.raises(LimitExceeded, match=str(MANY)):
        probe(path)


def test_an_edit_list_may_not_repeat_the_track_without_end(clip):
    path = clip("a.mp4")
    patch(path, b"elst", 4, MAX_EDITS + 1)
    with pytest.raises(UnsupportedMedia, match="edit list"):
        probe(path)
    patch(path, b"elst", 4, MAX_EDITS)
    patch(path, b"stsz", 8, 2**20)
    with pytest.raises(LimitExceeded, match="samples"):
        check_sample_tables(path, VideoLimits())


def test_the_count_is_exact(clip):
    path = clip("a.mp4")
    patch(path, b"stsz", 8, 2**20 + 10)
    check_sample_tables(path, VideoLimits(max_frames=10))
    with pytest.raises(LimitExceeded):
        check_sample_tables(path, VideoLimits(max_frames=9))


def test_a_compressed_index_is_refused(clip):
    path = clip("a.mp4")
    path.write_bytes(path.read_bytes().replace(b"udta", b"cmov"))
    with pytest.raises(UnsupportedMedia, match="compressed"):
        probe(path)


def test_an_index_of_many_bytes_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.write(struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4s", MAX_INDEX_BYTES + 1, b"moov"))
        file.truncate(MAX_INDEX_BYTES + 17)
    with pytest.raises(LimitExceeded, match="index"):
        probe(path)


def test_uncompressed_sound_may_have_millions_of_samples(tmp_path, gradient):
    path = tmp_path / "camera.mov"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p"
        sound = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        for _ in range(3):
            container.mux(video.encode(av.VideoFrame.from_ndarray(gradient(48, 64))))
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2**20), np.int16), format="s16", layout="mono")
            frame.rate = 48000
            container.mux(sound.encode(frame))
    assert probe(path).frame_count_hint == 3
