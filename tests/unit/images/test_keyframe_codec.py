"""Keyframes as AV1 sequences: each comes out once, and a lost one costs those that lean on it, no other."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits
from semvid.images.fidelity import psnr_db
from semvid.images.keyframe_codec import (
    CODINGS,
    MOST_HELD,
    EncodedPicture,
    Group,
    KeyframeDecoder,
    KeyframeEncoder,
)
from semvid.images.obu import ReferenceLost
from semvid.images.types import Picture
from semvid.semantics import ALL_SLOTS, PictureCoding, layers_of

WIDTH, HEIGHT = 64, 48
PYRAMID, LOW_DELAY, INTRA = PictureCoding.PYRAMID, PictureCoding.LOW_DELAY, PictureCoding.INTRA


def scene(index: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A smooth picture that slides by two pixels an index, and turns back before its end."""
    noise = np.random.default_rng(5).integers(0, 256, (9, 40, 3), np.uint8)
    wide = cv2.resize(noise, (width + 64, height), interpolation=cv2.INTER_CUBIC)
    left = 2 * min(index % 60, 60 - index % 60)
    return np.ascontiguousarray(wide[:, left : left + width])


def luma(picture: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


@cache
def coded(
    count: int, coding: PictureCoding = PYRAMID, crf: float = 45, preset: int = 10
) -> tuple[Group, ...]:
    encoder = KeyframeEncoder(WIDTH, HEIGHT, crf, coding, preset)
    groups = [group for index in range(count) for group in encoder.push(scene(index))]
    return (*groups, *encoder.finish())


def pictures(groups: Collection[Group]) -> list[EncodedPicture]:
    return [picture for group in groups for picture in group]


def decoded(coded_pictures: list[EncodedPicture], lost: Collection[int] = ()) -> dict[int, Picture]:
    """What a decoder makes of them by number, those at the indices ``lost`` not having arrived."""
    decoder, shown = KeyframeDecoder(WIDTH, HEIGHT), {}
    for index, picture in enumerate(coded_pictures):
        if index in lost:
            decoder.lose(picture.kept_in)
            continue
        with suppress(ReferenceLost):
            shown[picture.number] = decoder.decode(picture.packet)
    return shown


def spoilt(coded_pictures: list[EncodedPicture], lost: Collection[int]) -> set[int]:
    """Numbers of those that cannot be shown, followed from picture to picture."""
    gone: set[int] = set()
    holders: dict[int, int] = {}  # slot: number of the picture meant for it
    for index, picture in enumerate(coded_pictures):
        leans_on = {holders[slot] for slot in range(8) if picture.leans_on >> slot & 1}
        if index in lost or leans_on & gone:
            gone.add(picture.number)
        holders |= {slot: picture.number for slot in range(8) if picture.kept_in >> slot & 1}
    return gone


# ---------------------------------------------------------------- what comes out


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 13, 29, 140])  # more than frame headers can tell apart
def test_every_picture_comes_out_once_in_groups_without_holes(count: int) -> None:
    groups = coded(count)
    stop = 0
    for group in groups:
        assert sorted(picture.number for picture in group) == list(range(stop, stop + len(group)))
        stop += len(group)
    assert stop == count
    assert [picture.refresh for picture in pictures(groups)] == [True] + [False] * (count - 1)
    assert pictures(groups)[0].kept_in == ALL_SLOTS


@pytest.mark.parametrize(("count", "highest"), [(1, 0), (2, 0), (3, 1), (8, 2), (9, 3), (13, 3), (29, 3)])
def test_layers_lean_on_no_higher_ones(count: int, highest: int) -> None:
    """So the packets of a group may travel layer by layer, and a lost one costs no layer below its own."""
    layer_of: dict[int, int] = {}
    holders: dict[int, int] = {}
    for group in coded(count):
        numbers = [picture.number for picture in group]
        layer_of |= dict(zip(numbers, layers_of(numbers), strict=True))
        for picture in group:
            for slot in range(8):
                if picture.leans_on >> slot & 1:
                    assert layer_of[holders[slot]] <= layer_of[picture.number]
            holders |= {slot: picture.number for slot in range(8) if picture.kept_in >> slot & 1}
    assert set(layer_of.values()) == set(range(highest + 1))


def test_a_pyramid_holds_back_no_more_than_it_says() -> None:
    encoder, given_back, held = KeyframeEncoder(WIDTH, HEIGHT, 45, preset=10), 0, []
    for index in range(90):
        given_back += sum(map(len, encoder.push(scene(index))))
        held.append(index + 1 - given_back)
    encoder.finish()
    assert 8 < max(held) <= MOST_HELD[PYRAMID]


@pytest.mark.parametrize("pause_s", [0, 0.02])
def test_when_a_group_comes_hangs_on_what_was_pushed_and_on_no_thread(pause_s: float) -> None:
    with KeyframeEncoder(WIDTH, HEIGHT, 45, preset=8) as encoder:
        came = []
        for index in range(60):
            time.sleep(pause_s)
            came += [(index, len(group)) for group in encoder.push(scene(index))]
    assert came == [(40, 9), (48, 8), (56, 8)]


@pytest.mark.parametrize("coding", [LOW_DELAY, INTRA])
def test_without_a_pyramid_each_picture_comes_at_once(coding: PictureCoding) -> None:
    with KeyframeEncoder(WIDTH, HEIGHT, 45, coding, 10) as encoder:
        for index in range(6):
            ((picture,),) = encoder.push(scene(index))
            assert picture.number == index
            assert picture.refresh == (coding is INTRA or index == 0)
            if coding is INTRA:
                assert (picture.leans_on, picture.kept_in) == (0, ALL_SLOTS)
        assert encoder.finish() == []


def test_what_leans_on_others_costs_less() -> None:
    sizes = [
        sum(len(picture.packet) for picture in pictures(coded(29, coding)))
        for coding in (PYRAMID, LOW_DELAY, INTRA)
    ]
    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[0] < 0.5 * sizes[2]


def test_an_encoder_without_pictures_ends_without_groups() -> None:
    encoder = KeyframeEncoder(WIDTH, HEIGHT, 45)
    assert encoder.finish() == []
    assert encoder.finish() == []


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (2, 100)])
@pytest.mark.parametrize("coding", CODINGS)
def test_pictures_come_back_at_their_size(size: tuple[int, int], coding: PictureCoding) -> None:
    width, height = size
    decoder = KeyframeDecoder(width, height)
    encoder = KeyframeEncoder(width, height, 30, coding, 10)
    groups = [group for index in range(4) for group in encoder.push(scene(index, width, height))]
    for picture in pictures(groups + encoder.finish()):
        original, shown = scene(picture.number, width, height), decoder.decode(picture.packet)
        assert shown.shape == original.shape
        assert psnr_db(original, shown) > 18  # fine colour is lost to subsampling


@pytest.mark.parametrize("coding", CODINGS)
def test_a_lower_crf_is_nearer_to_the_source(coding: PictureCoding) -> None:
    quality = []
    for crf in (60, 45, 30):
        shown = decoded(pictures(coded(9, coding, crf)))
        quality.append(np.mean([psnr_db(luma(scene(n)), luma(picture)) for n, picture in shown.items()]))
    assert quality[0] + 1 < quality[1] < quality[2] - 1
    assert quality[2] > 32


# ---------------------------------------------------------------- what is lost


@settings(max_examples=40)
@given(st.sampled_from([9, 13, 29]), st.data())
def test_a_loss_costs_what_leans_on_it_and_leaves_the_rest_as_it_was(count: int, data: st.DataObject) -> None:
    sent = pictures(coded(count))
    lost = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=4))
    gone, whole, shown = spoilt(sent, lost), decoded(sent), decoded(sent, lost)
    assert len(whole) == count
    assert set(shown) == set(whole) - gone
    for number, picture in shown.items():
        np.testing.assert_array_equal(picture, whole[number])


def test_the_top_of_the_pyramid_costs_itself_only_and_an_anchor_what_follows() -> None:
    sent = pictures(coded(29))
    assert [picture.number for picture in sent[:9]] == [0, 8, 4, 2, 1, 3, 6, 5, 7]
    top = {index for index, picture in enumerate(sent) if picture.kept_in == 0}
    assert len(top) >= 14
    assert set(decoded(sent, top)) == {
        picture.number for index, picture in enumerate(sent) if index not in top
    }
    assert set(decoded(sent, [1])) == {0}  # picture 8, which all but the first lean on
    assert set(decoded(sent, [2])) > {0, 8, 16, 24, 28}
    assert decoded(sent, [0]) == {}


def test_a_new_sequence_ends_the_wait_after_a_loss() -> None:
    sent, others = pictures(coded(9)), pictures(coded(13))
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    decoder.decode(sent[0].packet)
    decoder.reset()
    for picture in sent[1:]:
        with pytest.raises(ReferenceLost):
            decoder.decode(picture.packet)
    whole = decoded(others)
    for picture in others:
        np.testing.assert_array_equal(decoder.decode(picture.packet), whole[picture.number])


def test_low_delay_pictures_need_those_before_and_intra_pictures_none() -> None:
    chain, alone = pictures(coded(6, LOW_DELAY)), pictures(coded(6, INTRA))
    assert set(decoded(chain, [2])) >= {0, 1}
    assert set(decoded(chain, [0])) == set()
    assert set(decoded(chain, [1])) == set(range(6)) - spoilt(chain, [1])
    assert set(decoded(alone, [0, 2])) == {1, 3, 4, 5}


# ---------------------------------------------------------------- what is damaged


def test_the_middle_of_a_sequence_alone_is_refused() -> None:
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    for picture in pictures(coded(9))[1:]:
        with pytest.raises(ReferenceLost, match="whose beginning is missing"):
            decoder.decode(picture.packet)


@settings(max_examples=50)
@given(st.binary(max_size=200), st.booleans())
def test_garbage_is_refused_and_what_might_lean_on_it_too(packet: bytes, begun: bool) -> None:
    decoder, sent = KeyframeDecoder(WIDTH, HEIGHT), pictures(coded(9))
    if begun:
        decoder.decode(sent[0].packet)
    with pytest.raises(MalformedUnits):
        decoder.decode(packet)
    with pytest.raises(MalformedUnits):
        decoder.decode(sent[1].packet)
    assert decoder.decode(sent[0].packet).shape == (HEIGHT, WIDTH, 3)


@settings(max_examples=150)
@given(st.integers(0, 8), st.data())
def test_damaged_packets_are_refused_or_shown_at_the_right_size(index: int, data: st.DataObject) -> None:
    sent = pictures(coded(9))
    packet = bytearray(sent[index].packet)
    if data.draw(st.booleans()):
        del packet[data.draw(st.integers(0, len(packet) - 1)) :]
    else:  # the headers more often than what follows
        at = data.draw(st.integers(0, min(20, len(packet) - 1)) | st.integers(0, len(packet) - 1))
        packet[at] ^= data.draw(st.integers(1, 255))
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    for number, picture in enumerate(sent):
        try:
            shown = decoder.decode(bytes(packet) if number == index else picture.packet)
        except MalformedUnits:
            continue
        assert shown.shape == (HEIGHT, WIDTH, 3)
    for picture in sent:  # and the decoder is as good as new
        decoder.decode(picture.packet)


def test_a_packet_of_another_size_is_refused() -> None:
    packet = pictures(coded(1))[0].packet
    for more, message in ((16, "not yuv420p"), (-16, "cannot be decoded")):
        with pytest.raises(MalformedUnits, match=message):
            KeyframeDecoder(WIDTH + more, HEIGHT + more).decode(packet)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crf": 19}, "20..70"),
        ({"crf": 71}, "20..70"),
        ({"crf": 50, "preset": -1}, "0..13"),
        ({"crf": 50, "preset": 14}, "0..13"),
        ({"crf": 50, "coding": PictureCoding.TOKENS}, "low-delay, intra, portrait, and not as tokens"),
    ],
)
def test_what_lies_outside_the_range_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        KeyframeEncoder(WIDTH, HEIGHT, **options)


def test_pictures_of_another_shape_are_refused() -> None:
    with KeyframeEncoder(WIDTH, HEIGHT, 50) as encoder:
        for picture in (scene(0)[1:], scene(0).astype(np.float32), scene(0)[..., 0]):
            with pytest.raises(InvalidInput, match="wants uint8"):
                encoder.push(picture)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="only Linux has scheduling policies")
def test_the_encoder_takes_no_real_time_priority() -> None:
    with KeyframeEncoder(WIDTH, HEIGHT, 50, preset=10) as encoder:
        before = len(list(Path("/proc/self/task").iterdir()))
        encoder.push(scene(0))
        threads = [int(task.name) for task in Path("/proc/self/task").iterdir()]
        assert len(threads) > before
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
