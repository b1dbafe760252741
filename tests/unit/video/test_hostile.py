"""Damaged files are refused with our errors, or read; nothing else happens, and nothing hangs."""

from __future__ import annotations

import time
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.video.container import packets
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

LIMITS = VideoLimits(max_frames=500, max_pixels=256 * 256, max_duration_s=1000, timeout_s=5)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A few hundred bytes of several containers, with the place to damage them."""
    folder = tmp_path_factory.mktemp("hostile")
    pictures = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    with VideoWriter(folder / "plain.mp4", 32, 32, Fraction(1, 25), crf=40) as writer:
        for index, picture in enumerate(pictures):
            writer.append(picture, index)
    fragments = VideoWriter(folder / "fragments.mp4", 32, 32, Fraction(1, 25), crf=40)
    for index, picture in enumerate(pictures):
        fragments.append(picture, 3 * index)
    fragments.abort()
    _convert(folder / "plain.mp4", folder / "plain.mkv")
    _encode_avi(folder / "plain.avi", pictures)
    return {path.name: path.read_bytes() for path in folder.iterdir()}, folder / "damaged"


def _encode_avi(path, pictures):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))


def _convert(source, target):
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        copy = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = copy
                new.mux_one(packet)


def look_at(path):
    started = time.monotonic()
    with suppress(InvalidInput):
        for _ in read_frames(path, probe(path, LIMITS), LIMITS):
            pass
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("name", ["plain.mp4", "fragments.mp4", "plain.mkv", "plain.avi"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes(originals, name, data):
    contents, path = originals
    content = bytearray(contents[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255))
    path.write_bytes(content)
    look_at(path)


@pytest.mark.parametrize("name", ["plain.mp4", "fragments.mp4", "plain.mkv", "plain.avi"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_missing_repeated_and_inserted_bytes(originals, name, data):
    contents, path = originals
    content = contents[name]
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    inserted = data.draw(st.binary(max_size=64) | st.just(content[start:end]))
    path.write_bytes(content[:start] + inserted + content[end:])
    look_at(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=2000),
    st.sampled_from([b"", b"\0\0\0\x10ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0AVI "]),
)
def test_any_bytes(originals, content, start):
    path = originals[1]
    path.write_bytes(start + content)
    look_at(path)


def test_streams_that_turn_up_on_the_way_do_not_end_in_an_index_error():
    """What PyAV 18 does after the last packet of a transport stream to which a damaged byte adds a stream."""

    class Container:
        def demux(self, stream):
            yield "packet"
            yield "flush"
            raise IndexError("list index out of range")

    assert list(packets(Container(), None)) == ["packet", "flush"]
