"""x264, x265 and SVT-AV1 as rivals: exact frames, exact time, nothing sent that need not be."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from evaluation.link import Arrival
from evaluation.methods import video_code
from evaluation.methods.codec import damaged
from evaluation.methods.paper import PaperCodec, as_mp4
from evaluation.methods.video_code import (
    AV1,
    H264,
    H265,
    Setting,
    Stream,
    VideoCode,
    codable,
    coded_size,
    decode,
    encode,
    full_picture,
    shown_at,
)
from tests.unit.evaluation.alignment import aligned
from tests.unit.evaluation.synthetic import moving_bar

FRAMES = 25  # no multiple of any frame step
CODES = {"h264": (H264, 24), "h265": (H265, 24), "av1": (AV1, 35)}  # and a CRF at which the bar is sharp


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_bar(tmp_path_factory.mktemp("clip") / "bar.mp4", FRAMES, 128, 128)


def shown(code, clip, stream, packets=None):
    planes = decode(code, stream, stream.packets if packets is None else packets)
    size = clip.source.width, clip.source.height
    return [full_picture(stream, shown_at(stream, planes, i), *size) for i in range(len(clip.pictures))]


def bar_at(picture):
    """Centre of the bar, pixels from the left."""
    brightness = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).mean(axis=0) - 150
    weight = np.maximum(brightness, 0)
    return float(weight @ np.arange(len(weight)) / weight.sum())


@pytest.mark.parametrize("step", [1, 3, 6])
@pytest.mark.parametrize("scale", [1, 1.5, 2])
@pytest.mark.parametrize("name", CODES)
def test_every_frame_shows_the_coded_picture_nearest_in_time(clip, name, scale, step):
    """B-frames, hidden frames and held pictures must not move the bar by a frame (two pixels)."""
    code, crf = CODES[name]
    stream = encode(code, clip.pictures, clip.source.frame_rate, Setting(scale, step, crf))
    assert sorted(stream.pts) == list(range(-(-FRAMES // step)))
    pictures = shown(code, clip, stream)
    list(aligned(clip.pictures, pictures))
    last = (FRAMES - 1) // step * step
    for index, picture in enumerate(pictures):
        nearest = min((index + step // 2) // step * step, last)
        assert bar_at(picture) == pytest.approx(bar_at(clip.pictures[nearest]), abs=0.7)


@pytest.mark.parametrize("name", CODES)
def test_prediction_from_both_sides_is_used(clip, name):
    """Otherwise the test above would not see a wrong order; AV1 hides its future pictures in packets."""
    code, crf = CODES[name]
    stream = encode(code, clip.pictures, clip.source.frame_rate, Setting(1, 1, crf))
    if name == "av1":
        sizes = [len(packet) for packet in stream.packets]
        assert max(sizes[1:]) > 5 * min(sizes)
    else:
        assert stream.pts != sorted(stream.pts)


@pytest.mark.parametrize("name", ["h264", "h265"])
def test_no_sei_and_one_set_of_parameters_cross(clip, name):
    code, crf = CODES[name]
    idle = video_code.h264_idle if name == "h264" else video_code.h265_idle
    parameters = [7, 8] if name == "h264" else [32, 33, 34]
    stream = encode(code, clip.pictures, clip.source.frame_rate, Setting(1, 1, crf))
    heads = [head for packet in stream.packets for head, _ in video_code.units(packet)]
    kinds = [head & 0x1F if name == "h264" else head >> 1 & 0x3F for head in heads]
    assert not any(map(idle, heads))
    assert [kinds.count(p) for p in parameters] == [1] * len(parameters)


def test_x264_would_have_sent_its_settings_as_text(clip):
    """That the stripping has something to strip."""
    code, crf = CODES["h264"]
    raw = encode(replace(code, strip=bytes), clip.pictures, clip.source.frame_rate, Setting(1, 1, crf))
    lean = encode(code, clip.pictures, clip.source.frame_rate, Setting(1, 1, crf))
    assert b"x264" in b"".join(raw.packets)
    assert b"x264" not in b"".join(lean.packets)
    assert raw.size - lean.size > 500


def test_av1_crosses_without_delimiters(clip):
    code, crf = CODES["av1"]
    stream = encode(code, clip.pictures, clip.source.frame_rate, Setting(1, 1, crf))
    assert not any(packet.startswith(b"\x12\x00") for packet in stream.packets)


def test_units_are_found_at_both_kinds_of_start_code():
    packet = b"\0\0\0\1\x67abc\0\0\1\x68de\0\0\0\1\x65\0\0\3fg"
    assert [(head, len(unit)) for head, unit in video_code.units(packet)] == [
        (0x67, 8),
        (0x68, 6),
        (0x65, 10),
    ]
    with pytest.raises(ValueError, match="start code"):
        list(video_code.units(b"abc\0\0\1"))


def test_sides_are_even_at_every_scale_and_the_shape_is_kept():
    assert coded_size(576, 320, 1.5) == (384, 214)
    assert coded_size(572, 322, 3) == (190, 108)
    for scale in (1, 1.5, 2, 3, 4):
        width, height = coded_size(571, 323, scale)
        assert (width % 2, height % 2) == (0, 0)
        assert abs(width * scale - 571) <= scale
        assert abs(height * scale - 323) <= scale


def test_small_clips_are_not_reduced_further():
    assert codable(128, 128, 2)
    assert not codable(128, 128, 4)
    assert codable(40, 30, 1)


@pytest.mark.parametrize("name", CODES)
def test_lost_and_damaged_packets_never_stop_the_decoder(clip, name):
    code, crf = CODES[name]
    stream = encode(code, clip.pictures, clip.source.frame_rate, Setting(1, 1, crf))
    rng = np.random.default_rng(0)
    for _ in range(8):
        packets = list(stream.packets)
        for number in rng.choice(np.arange(1, len(packets)), 4, replace=False):
            broken = bytearray(packets[number])
            start = int(rng.integers(0, len(broken)))
            broken[start : start + 20] = bytes(len(broken[start : start + 20]))
            packets[number] = bytes(broken) if rng.random() < 0.7 else b""
        pictures = shown(code, clip, stream, packets)
        assert len(pictures) == FRAMES


def test_what_is_missing_is_held():
    stream = Stream([b"a"] * 4, [0, 1, 2, 3], 8, 8, 3)
    planes = {1: np.array([1], np.uint8), 3: np.array([3], np.uint8)}
    assert [int(shown_at(stream, planes, i)[0]) for i in range(12)] == [1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3]


def test_packets_that_lost_bytes_are_zeroed_or_dropped():
    stream = Stream([b"abcd", b"ef", b"ghij"], [0, 1, 2], 8, 8, 1)
    arrival = Arrival(b"abc\0\0\0ghij", [(3, 6)], 3, 1)
    assert damaged(stream, arrival) == {
        "zeroed": [b"abc\0", b"", b"ghij"],
        "dropped": [b"", b"", b"ghij"],
    }


@pytest.mark.parametrize(
    ("encoder", "decoder", "second"), [("libx264", "h264", False), ("libx265", "hevc", True)]
)
def test_the_papers_mp4_is_counted_to_the_byte_and_on_time(clip, encoder, decoder, second):
    rival = PaperCodec("paper", encoder, decoder, second)
    code = VideoCode(encoder, decoder, (30,), lambda *_: rival._options(13) | {"qp": "30"}, bytes)
    stream, container = as_mp4(code, clip)
    assert container > 300
    assert sorted(stream.pts) == list(range(FRAMES))
    for index, picture in enumerate(shown(code, clip, stream)):
        assert bar_at(picture) == pytest.approx(bar_at(clip.pictures[index]), abs=0.8)


@pytest.mark.parametrize("name", CODES)
def test_quarter_steps_of_the_crf_are_heeded(clip, name):
    """An encoder that dropped the fraction would give the size of the whole step."""
    code, crf = CODES[name]
    coarse, half, quarter, fine = (
        encode(code, clip.pictures, clip.source.frame_rate, Setting(1, 1, crf + more)).size
        for more in (8, 0.5, 0.25, 0)
    )
    assert len({half, quarter, fine}) == 3
    assert coarse < min(half, quarter, fine)
