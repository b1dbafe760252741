import cv2
import numpy as np
import pytest
from scipy import stats

from evaluation.judge import Absent, Facts, Frames
from evaluation.judges.depth import Depth, aligned, errors, rank_correlation

RNG = np.random.default_rng(0)
RAMP = np.tile(np.linspace(2.0, 9.0, 64), (48, 1)) + RNG.normal(0, 0.05, (48, 64))


def test_scale_and_shift_do_not_matter_but_sign_does() -> None:
    same = errors(RAMP, 3 * RAMP - 7)
    assert same["depth_d1"] == 1
    assert same["depth_abs_rel"] == pytest.approx(0, abs=1e-9)
    assert same["depth_rmse"] == pytest.approx(0, abs=1e-9)
    assert errors(RAMP, -RAMP)["depth_d1"] < 0.5
    assert rank_correlation(RAMP, 3 * RAMP - 7) == pytest.approx(1)
    assert rank_correlation(RAMP, -RAMP) == pytest.approx(-1)


def test_alignment_is_the_least_squares_fit() -> None:
    other = RAMP**2 + RNG.normal(0, 3, RAMP.shape)
    scale, shift = np.polyfit(other.ravel(), RAMP.ravel(), 1)
    assert aligned(RAMP, other) == pytest.approx(scale * other + shift)


def test_errors_by_hand_and_relative_to_the_reference() -> None:
    # two flat halves: after the fit an estimate without any structure lies at the mean everywhere
    reference = np.repeat([[0.0, 1.0]], 10, axis=0)
    found = errors(reference, np.full((10, 2), 5.0))
    assert found["depth_rmse"] == pytest.approx(127, rel=1e-3)
    # |128 - 1| / 1 and |128 - 255| / 255; divided by the estimate it would be below 1
    assert found["depth_abs_rel"] == pytest.approx((127 / 1 + 127 / 255) / 2, rel=1e-3)
    assert found["depth_d3"] == 0


def test_rank_correlation_agrees_with_scipy() -> None:
    small = RNG.normal(size=(48, 64))
    other = np.round(small + RNG.normal(size=small.shape))  # with ties
    assert rank_correlation(small, other) == pytest.approx(stats.spearmanr(small.ravel(), other.ravel())[0])


def test_worse_pictures_are_judged_worse_and_the_source_perfect() -> None:
    picture = RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 6)
    noisy = np.clip(picture + RNG.normal(0, 25, picture.shape), 0, 255).astype(np.uint8)
    judge = Depth(lambda p: cv2.GaussianBlur(p, (0, 0), 2).astype(np.float64).mean(axis=2))
    source, shown = (Frames((0,), (p,), (p,)) for p in (picture, noisy))
    seen = judge.look(source)
    perfect = judge.compare(seen, source, source, Facts())
    worse = judge.compare(seen, source, shown, Facts())
    assert perfect["depth_d1"] == 1
    assert perfect["depth_rank"] == pytest.approx(1)
    assert worse["depth_d1"] < 1
    assert worse["depth_rmse"] > perfect["depth_rmse"]
    assert set(worse) == set(judge.measures)


def test_a_flat_source_has_no_depth_to_compare() -> None:
    flat = Frames((0,), (np.zeros((8, 8, 3), np.uint8),), (np.zeros((8, 8, 3), np.uint8),))
    judge = Depth(lambda p: p.astype(np.float64).mean(axis=2))
    with pytest.raises(Absent, match="no depth"):
        judge.compare(judge.look(flat), flat, flat, Facts())
