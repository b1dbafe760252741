"""The learned code that is shipped: levels, the map, symbols and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits, MissingComponent
from semvid.images.fidelity import psnr_db
from semvid.images.jscc.code import MAX_PIXELS, Analysed, Side, decode
from semvid.images.jscc.levels import LEVELS, choose_levels
from semvid.images.jscc.networks import DECODER, ENCODER, SHIPPED, Networks, shipped
from semvid.images.jscc.rate_map import pack_map, unpack_map
from tests.synthetic_clip import clip_frames

WIDTH, HEIGHT = 150, 100  # no multiples of 16


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return next(iter(clip_frames(3, 1, WIDTH, HEIGHT)))


def received(coded, snr_db, seed=0):
    no = 10 ** (-snr_db / 10)
    noise = np.random.default_rng(seed).normal(0, np.sqrt(no / 2), (len(coded.symbols), 2)) @ [1, 1j]
    return (coded.symbols + noise).astype(np.complex64), np.full(len(coded.symbols), no)


def shown_at(coded, snr_db):
    return decode(shipped(), Side.of(coded.side), *received(coded, snr_db))


def test_levels_take_what_is_there_and_go_where_they_mend_most():
    rng = np.random.default_rng(1)
    busy = rng.uniform(0.001, 1.0, 200)
    distortion = busy[:, None] * np.exp(-np.array(LEVELS) / 20)[None]
    for budget in (0, 500, 4000):
        levels = choose_levels(distortion, budget)
        spent = np.array(LEVELS)[levels].sum()
        assert budget - 100 < spent <= budget
        assert np.all(np.diff(levels[np.argsort(busy)].astype(int)) >= 0)
    assert choose_levels(distortion, 1e9).min() == len(LEVELS) - 1


def test_levels_beyond_use_are_taken_only_when_told_to():
    distortion = np.tile(np.linspace(1, 2, len(LEVELS)), (10, 1))
    assert choose_levels(distortion, 10 * LEVELS[-1]).max() == 0
    assert choose_levels(distortion, 10 * LEVELS[-1], spend_all=True).min() == len(LEVELS) - 1


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1), st.integers(1, len(LEVELS)))
def test_a_map_comes_back(rows, columns, seed, distinct):
    levels = np.random.default_rng(seed).integers(0, distinct, (rows, columns)).astype(np.uint8)
    assert np.array_equal(unpack_map(pack_map(levels), rows, columns), levels)


def test_a_smooth_map_is_short():
    y, x = np.mgrid[:32, :48]
    levels = ((np.sin(y / 9) + np.cos(x / 11) + 2) * 1.9).astype(np.uint8)
    assert len(pack_map(levels)) < levels.size / 8  # one bit a patch


@pytest.mark.parametrize("data", [b"\x00", b"\xff" * 40, b"\x12\x34" * 30])
def test_bytes_that_are_no_map_are_refused(data):
    with pytest.raises(MalformedUnits, match="no rate map of 4x3 patches"):
        unpack_map(data, 3, 4)


def test_symbols_have_unit_mean_power_and_are_no_more_than_asked_for(picture):
    analysed = Analysed(shipped(), picture, 10.0)
    for budget in (200, 1000, 3000):
        coded = analysed.code(budget)
        side = Side.of(coded.side)
        assert (side.width, side.height) == (WIDTH, HEIGHT)
        assert 0.9 * min(budget, 1000) <= len(coded.symbols) == side.symbols <= budget
        assert np.mean(np.abs(coded.symbols) ** 2) == pytest.approx(1.0, abs=2e-3)


def test_the_picture_gets_better_with_symbols_and_falls_smoothly_with_the_snr(picture):
    analysed = Analysed(shipped(), picture, 10.0)
    few, many = analysed.code(500), analysed.code(2500)
    assert psnr_db(picture, shown_at(many, 10)) > psnr_db(picture, shown_at(few, 10)) + 1
    curve = [psnr_db(picture, shown_at(many, snr_db)) for snr_db in (-2, 2, 6, 10, 14, 20)]
    assert curve == sorted(curve)
    assert max(np.diff(curve)) < 5  # no cliff
    assert curve[0] > 12


def test_a_map_that_costs_is_shorter(picture):
    analysed = Analysed(shipped(), picture, 10.0)
    assert len(analysed.code(1500, 20.0).side) < len(analysed.code(1500).side)


def test_without_any_symbol_a_picture_comes_out_all_the_same(picture):
    coded = Analysed(shipped(), picture, 10.0).code(0)
    assert len(coded.symbols) == 0
    assert shown_at(coded, 10).shape == picture.shape


def test_another_number_of_symbols_is_refused(picture):
    coded = Analysed(shipped(), picture, 10.0).code(500)
    symbols, no = received(coded, 10)
    with pytest.raises(InvalidInput, match=f"asks for {len(symbols)} symbols, {len(symbols) - 1} are there"):
        decode(shipped(), Side.of(coded.side), symbols[1:], no[1:])


@pytest.mark.parametrize(
    ("side", "told"),
    [
        (b"\x00" * 6, "too few"),
        (b"\x00\x00\x00\x10\x00\x80\x00", "of 0x16 pixels"),
        (b"\xff\xff\xff\xff\x00\x80\x00", f"at most {MAX_PIXELS}"),
        (b"\x00\x10\x00\x10\xff\x80\x00", "plans for 63.75 dB"),
    ],
)
def test_side_information_that_no_encoder_makes_is_refused(side, told):
    with pytest.raises(MalformedUnits, match=told):
        Side.of(side)


def test_too_large_a_picture_is_refused_before_it_is_looked_at():
    with pytest.raises(InvalidInput, match="5000x4000 pixels is too large"):
        Analysed(shipped(), np.broadcast_to(np.uint8(0), (4000, 5000, 3)), 10.0)


def test_what_is_shipped_is_at_most_5_mb_and_has_its_card():
    assert sum((SHIPPED / name).stat().st_size for name in (ENCODER, DECODER)) <= 5_000_000
    assert shipped().digest in (SHIPPED / "jscc.md").read_text("utf-8")


def test_models_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(MissingComponent, match="semvid train jscc"):
        Networks(tmp_path)
    (tmp_path / ENCODER).write_bytes((SHIPPED / DECODER).read_bytes())
    (tmp_path / DECODER).write_bytes(b"no model")
    with pytest.raises(InvalidInput, match="log_no, planned, received into picture, which is no jscc"):
        Networks(tmp_path)
    (tmp_path / ENCODER).write_bytes((SHIPPED / ENCODER).read_bytes())
    with pytest.raises(InvalidInput, match="ONNX Runtime does not take"):
        Networks(tmp_path)
