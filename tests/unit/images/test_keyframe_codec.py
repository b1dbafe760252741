"""Keyframes as one AV1 sequence: each packet at once, none without what it leans on, refreshed when asked."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits
from semvid.images.fidelity import psnr_db
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from semvid.images.types import Picture
from semvid.semantics import PictureCoding

WIDTH, HEIGHT = 96, 64


def scene(index: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A smooth picture that slides by two pixels an index."""
    noise = np.random.default_rng(5).integers(0, 256, (9, 40, 3), np.uint8)
    wide = cv2.resize(noise, (width + 64, height), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(wide[:, 2 * index : 2 * index + width])


def encode(count: int, **options: object) -> list[bytes]:
    with KeyframeEncoder(WIDTH, HEIGHT, 45, **options) as encoder:  # type: ignore[arg-type]
        return [encoder.encode(scene(index)).packet for index in range(count)]


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (1, 1), (17, 33), (2, 100)])
def test_every_picture_comes_back_at_once_at_its_size(size: tuple[int, int]) -> None:
    width, height = size
    decoder = KeyframeDecoder(width, height)
    with KeyframeEncoder(width, height, 30) as encoder:
        for index in range(4):
            picture = scene(index, width, height)
            decoded = decoder.decode(encoder.encode(picture).packet)
            assert decoded.shape == picture.shape
            assert psnr_db(picture, decoded) > 18  # fine colour is lost to subsampling


def test_joint_coding_leans_on_earlier_pictures_and_saves_by_it() -> None:
    joint, intra = encode(6), encode(6, coding=PictureCoding.INTRA)
    assert sum(map(len, joint)) < 0.7 * sum(map(len, intra))
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    for packet in intra[3:]:
        decoder.decode(packet)
    with pytest.raises(MalformedUnits, match="refresh needed"):
        KeyframeDecoder(WIDTH, HEIGHT).decode(joint[3])


def test_a_refresh_ends_the_wait_after_a_loss() -> None:
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    with KeyframeEncoder(WIDTH, HEIGHT, 45) as encoder:
        decoder.decode(encoder.encode(scene(0)).packet)
        decoder.reset()
        with pytest.raises(MalformedUnits):
            decoder.decode(encoder.encode(scene(1)).packet)
        encoder.refresh()
        coded = encoder.encode(scene(2))
        assert coded.refresh
        assert psnr_db(scene(2), decoder.decode(coded.packet)) > 24
        assert not encoder.encode(scene(3)).refresh


def test_a_finer_start_is_inherited_by_what_stays_the_same() -> None:
    sizes, psnr = [], []
    for finer in (0, 48):
        decoder = KeyframeDecoder(WIDTH, HEIGHT)
        with KeyframeEncoder(WIDTH, HEIGHT, 60, finer_start=finer) as encoder:
            packets = [encoder.encode(scene(0)).packet for _ in range(3)]
        sizes.append(len(packets[0]))
        psnr.append([psnr_db(scene(0), decoder.decode(packet)) for packet in packets])
    assert sizes[1] > sizes[0]
    assert psnr[1][-1] > psnr[0][-1] + 1


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_refused_and_never_crashes(packet: bytes) -> None:
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    with pytest.raises(MalformedUnits):
        decoder.decode(packet)


def test_truncated_packets_are_refused_or_shown_at_the_right_size() -> None:
    packet, after = encode(2)
    for length in range(0, len(packet), 7):
        decoder = KeyframeDecoder(WIDTH, HEIGHT)
        try:
            assert decoder.decode(packet[:length]).shape == (HEIGHT, WIDTH, 3)
        except MalformedUnits:
            with pytest.raises(MalformedUnits):
                decoder.decode(after)


def test_a_packet_of_another_size_is_refused() -> None:
    (packet,) = encode(1)
    for more, message in ((16, "not yuv420p"), (-16, "cannot be decoded")):
        with pytest.raises(MalformedUnits, match=message):
            KeyframeDecoder(WIDTH + more, HEIGHT + more).decode(packet)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"crf": 19}, "20..70"), ({"crf": 71}, "20..70"), ({"crf": 50, "finer_start": 64}, "0..63")],
)
def test_what_lies_outside_the_range_is_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        KeyframeEncoder(WIDTH, HEIGHT, **options)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="only Linux has scheduling policies")
def test_the_encoder_takes_no_real_time_priority() -> None:
    with KeyframeEncoder(WIDTH, HEIGHT, 50) as encoder:
        encoder.encode(scene(0))
        threads = [int(task.name) for task in Path("/proc/self/task").iterdir()]
        assert len(threads) > 1
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
