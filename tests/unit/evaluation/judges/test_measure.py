"""One pass with all metrics, and the intervals over it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluation.judges.alignment import Misaligned
from evaluation.judges.measure import Measured, measure
from evaluation.judges.metric import Absent, Metric
from evaluation.judges.registry import METRICS, Models, load_metrics
from tests.unit.evaluation.synthetic import pan

NAMES = ["psnr_db", "ssim", "ssim_rgb", "ms_ssim", "flicker", "warping_error"]


@pytest.fixture(scope="module")
def source():
    return pan(14, pixels=2)


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_gets_worse_with_damage_in_the_direction_that_it_names(source, name):
    metric = METRICS[name](Models())
    assert isinstance(metric, Metric)
    rng = np.random.default_rng(0)
    damaged = [
        [np.clip(p + rng.normal(0, sigma, p.shape), 0, 255).astype(np.uint8) for p in source]
        for sigma in (0.5, 10, 40)
    ]
    means = []
    for shown in damaged:
        (result,) = measure(source, shown, {name: metric}).values()
        assert isinstance(result, Measured)
        present = result.values[~np.isnan(result.values)]
        assert ((present >= metric.low) & (present <= metric.high)).all()
        means.append(result.mean)
    assert means == sorted(means, reverse=metric.better == "higher")
    assert len(set(means)) == 3


def test_one_value_a_frame_and_none_before_there_is_motion(source):
    found = measure(source, source, load_metrics(["psnr_db", "flicker", "lpips"], Models()))
    assert found["psnr_db"].frames == list(range(14))
    assert math.isnan(found["flicker"].values[0])
    assert found["flicker"].mean == 0
    assert isinstance(found["lpips"], Absent)


def test_every_fourth_frame_but_all_of_them_for_motion(source):
    found = measure(source, source, load_metrics(["ssim", "flicker"], Models()), every=4)
    assert found["ssim"].frames == [2, 6, 10]
    assert len(found["flicker"].values) == 14


def test_nothing_is_measured_on_a_clip_that_is_late(source):
    with pytest.raises(Misaligned, match="-1"):
        measure(source, [source[0], *source[:-1]], load_metrics(["psnr_db"], Models()))


def test_segments_reach_from_one_keyframe_up_to_the_next():
    measured = Measured(list(range(8)), np.arange(8.0))
    assert measured.by_segment([0, 3, 7]) == [1.0, 5.0]
    assert math.isnan(Measured([0, 7], np.ones(2)).by_segment([2, 4, 7])[0])


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    """Of correlated frames, mean 5: single-frame draws would cover it in fewer than half of the cases."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        noise = rng.normal(size=260)
        values = 5 + np.convolve(noise, np.ones(6) / 6, "valid")[:240]
        low, high = Measured(list(range(240)), values).interval(seed=0)
        covered += low <= 5 <= high
    assert 85 <= covered <= 99


def test_the_interval_is_the_same_for_the_same_seed():
    measured = Measured(list(range(50)), np.random.default_rng(1).normal(size=50))
    assert measured.interval(seed=4) == measured.interval(seed=4)
    low, high = measured.interval(seed=4)
    assert low < measured.mean < high
