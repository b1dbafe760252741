"""Metrics of single pictures against independent implementations."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from pytorch_msssim import ms_ssim as torch_ms_ssim
from skimage.metrics import structural_similarity

from evaluation.judge import Absent, Facts, Frames, Weights
from evaluation.judges import JUDGES
from evaluation.judges.pictures import Neighbours, Pictures
from evaluation.judges.ssim import ms_ssim, ssim_rgb
from evaluation.measures import measure
from semvid.images.fidelity import PSNR_CAP_DB, psnr_db, ssim
from tests.unit.evaluation.synthetic import pan


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (24, 32, 3), np.uint8)
    picture = cv2.resize(coarse, (256, 192), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    return picture, noisy


def test_psnr_is_the_closed_form_in_db(pictures):
    picture, noisy = pictures
    mean_square = np.mean((picture.astype(float) - noisy) ** 2)
    assert psnr_db(picture, noisy) == pytest.approx(10 * np.log10(255**2 / mean_square))
    assert psnr_db(picture, picture) == PSNR_CAP_DB


def test_ssim_of_colours_equals_that_of_scikit_image(pictures):
    picture, noisy = pictures
    expected = structural_similarity(
        picture, noisy, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim_rgb(picture, noisy) == pytest.approx(expected, abs=1e-4)


def test_ssim_of_colours_sees_a_change_of_colour_that_grey_does_not(pictures):
    picture, _ = pictures
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert ssim(picture, grey) > 0.99
    assert ssim_rgb(picture, grey) < 0.9


def test_ms_ssim_equals_that_of_pytorch_msssim(pictures):
    luma = [cv2.transform(p.astype(np.float64), np.array([[0.299, 0.587, 0.114]])) for p in pictures]
    x, y = (torch.from_numpy(plane)[None, None] for plane in luma)
    assert ms_ssim(*pictures) == pytest.approx(float(torch_ms_ssim(x, y, data_range=255)), abs=1e-6)


def test_ms_ssim_falls_with_every_step_of_blur(pictures):
    picture, _ = pictures
    values = [ms_ssim(picture, cv2.GaussianBlur(picture, (0, 0), s) if s else picture) for s in (0, 2, 4, 8)]
    assert values[0] == pytest.approx(1)
    assert all(a > b > 0 for a, b in pairwise(values))


def test_ms_ssim_of_a_negative_is_zero_not_a_complex_number(pictures):
    picture, _ = pictures
    assert ms_ssim(picture, 255 - picture) == 0


def test_a_picture_too_small_for_five_scales_takes_as_many_as_fit(pictures):
    picture, noisy = (cv2.resize(p, (64, 48)) for p in pictures)
    assert 0.5 < ms_ssim(picture, noisy) < 1
    assert ms_ssim(picture, picture) == pytest.approx(1)


@pytest.mark.parametrize("metric", [psnr_db, ssim, ssim_rgb, ms_ssim])
def test_pictures_of_other_shapes_are_refused(pictures, metric):
    with pytest.raises(ValueError, match="shapes"):
        metric(pictures[0], pictures[0][:-2])


@pytest.mark.parametrize("metric", [psnr_db, ssim, ssim_rgb, ms_ssim])
def test_symmetric(pictures, metric):
    assert_allclose(metric(*pictures), metric(*pictures[::-1]))


def frames(pictures, every=1):
    indices = range(every // 2, len(pictures), every)
    following = [pictures[min(i + 1, len(pictures) - 1)] for i in indices]
    return Frames(list(indices), [pictures[i] for i in indices], following)


@pytest.mark.parametrize("name", ["psnr_db", "ssim", "ssim_rgb", "ms_ssim", "flicker", "warping_error"])
def test_a_judge_finds_more_damage_worse_in_the_direction_of_its_measure(name):
    source = pan(14, pixels=2)
    judge = JUDGES[name](Weights())
    (measure_name,) = judge.measures
    rng = np.random.default_rng(0)
    found = []
    for sigma in (0.5, 10, 40):
        shown = [np.clip(p + rng.normal(0, sigma, p.shape), 0, 255).astype(np.uint8) for p in source]
        compared = judge.compare(None, frames(source), frames(shown), Facts())
        found.append(measure(measure_name).as_quality(compared[name]))
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 3


def test_neighbours_are_each_judged_frame_and_the_next_and_the_last_has_none():
    pictures = [np.full((2, 2, 3), n, np.uint8) for n in range(10)]
    seen = []
    judge = Neighbours("steps", lambda a, b, c, d: seen.append([int(x[0, 0, 0]) for x in (a, b, c, d)]) or 1)
    assert judge.compare(None, frames(pictures, 4), frames(pictures[::-1], 4), Facts()) == {"steps": 1}
    assert seen == [[2, 3, 7, 6], [6, 7, 3, 2]]
    seen.clear()
    judge.compare(None, frames(pictures), frames(pictures), Facts())
    assert len(seen) == 9


def test_values_that_are_none_are_left_out_and_if_all_are_there_is_no_measure():
    some = Pictures("m", lambda a, _: float("nan") if a[0, 0, 0] else 4.0)
    pictures = [np.full((2, 2, 3), n, np.uint8) for n in range(3)]
    assert some.compare(None, frames(pictures), frames(pictures), Facts()) == {"m": 4.0}
    with pytest.raises(Absent, match="no value"):
        some.compare(None, frames(pictures[1:]), frames(pictures[1:]), Facts())
