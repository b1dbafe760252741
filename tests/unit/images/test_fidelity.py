from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from semvid.images.fidelity import PSNR_CAP_DB, psnr_db, ssim


def _pair(height: int, width: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = 127 + 90 * np.sin(x / 9 + y / 17)[..., None] * np.array([1.0, 0.6, -0.8])
    other = base + rng.normal(0, noise, base.shape)
    return tuple(np.clip(p, 0, 255).astype(np.uint8) for p in (base, other))


@pytest.mark.parametrize("noise", [1.0, 8.0, 60.0])
@pytest.mark.parametrize("size", [(64, 96), (37, 53), (11, 11)])
def test_agrees_with_scikit_image(size: tuple[int, int], noise: float) -> None:
    first, second = _pair(*size, noise)
    assert psnr_db(first, second) == pytest.approx(peak_signal_noise_ratio(first, second, data_range=255))
    luma = [p.astype(np.float64) @ [0.299, 0.587, 0.114] for p in (first, second)]
    expected = structural_similarity(
        *luma, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(first, second) == pytest.approx(expected, abs=1e-9)


def test_bright_flat_pictures_stay_exact() -> None:
    first = np.full((40, 40, 3), 250, np.uint8)
    second = np.full((40, 40, 3), 253, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(first, second) == pytest.approx((2 * 250 * 253 + c1) / (250**2 + 253**2 + c1), abs=1e-9)


def test_identical_pictures() -> None:
    picture, _ = _pair(20, 20, 1)
    assert psnr_db(picture, picture) == PSNR_CAP_DB
    assert ssim(picture, picture) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (10, 10)])
def test_pictures_smaller_than_the_window(size: tuple[int, int]) -> None:
    first, second = _pair(*size, 20)
    assert -1 <= ssim(first, second) <= 1
    assert ssim(first, first) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("measure", [psnr_db, ssim])
def test_shapes_must_match(measure) -> None:
    with pytest.raises(ValueError, match="shapes"):
        measure(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8))
