from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.video.declared_size import missing_bytes


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4")])
def test_every_cut_byte_is_missed(clip, name, codec):
    path = clip(name, codec=codec)
    data = path.read_bytes()
    assert missing_bytes(path) == 0
    for cut in (1, 10, 100):
        path.write_bytes(data[:-cut])
        assert missing_bytes(path) == cut


@pytest.mark.parametrize("name", ["a.ts", "a.flv"])
def test_containers_that_state_no_length_miss_nothing(clip, name):
    path = clip(name, codec="libx264" if name == "a.ts" else "flv")
    path.write_bytes(path.read_bytes()[:-50])
    assert missing_bytes(path) == 0


def test_lengths_left_open_by_a_recorder_miss_nothing(tmp_path):
    path = tmp_path / "open"
    ftyp = struct.pack(">I4s8x", 16, b"ftyp")
    for content in (
        ftyp + struct.pack(">I4s", 0, b"mdat") + bytes(100),
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7 + bytes(100),
        b"RIFF\x00\x00\x00\x00AVI " + bytes(100),
        b"RIFF\xff\xff\xff\xffAVI " + bytes(100),
    ):
        path.write_bytes(content)
        assert missing_bytes(path) == 0


def test_64_bit_lengths_are_understood(tmp_path):
    path = tmp_path / "large"
    box = struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4sQ", 1, b"mdat", 2**33)
    path.write_bytes(box + bytes(84))
    assert missing_bytes(path) == 2**33 - 100
    path.write_bytes(b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + (2**34).to_bytes(7, "big") + bytes(100))
    assert missing_bytes(path) == 2**34 - 100


def test_several_riff_chunks_are_added_up(tmp_path):
    path = tmp_path / "open-dml"
    chunk = struct.pack("<4sI4s", b"RIFF", 104, b"AVI ") + bytes(100)
    path.write_bytes(chunk * 2)
    assert missing_bytes(path) == 0
    path.write_bytes((chunk * 3)[:-30])
    assert missing_bytes(path) == 30


@given(
    start=st.sampled_from([b"", b"\x00\x00\x00\x10ftyp", b"\x1a\x45\xdf\xa3", b"RIFF\x20\0\0\0AVI "]),
    rest=st.binary(),
)
def test_any_bytes_are_answered(tmp_path_factory, start, rest):
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(start + rest)
    assert missing_bytes(path) >= 0
