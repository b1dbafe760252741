from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from training.losses import texture_loss


@pytest.fixture
def real() -> torch.Tensor:
    return noise(0)


def noise(seed: int) -> torch.Tensor:
    return 0.3 + 0.2 * torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(seed))


def test_more_blur_is_more_loss(real: torch.Tensor) -> None:
    losses = [float(texture_loss(functional.avg_pool2d(real, n, 1, n // 2), real)) for n in (1, 3, 5, 9)]
    assert losses[0] == 0
    assert losses == sorted(losses)


def test_it_asks_how_much_and_not_where(real: torch.Tensor) -> None:
    blurred = functional.avg_pool2d(real, 5, 1, 2)
    assert float(texture_loss(noise(1), real)) < 0.3 * float(texture_loss(blurred, real))
    assert float(texture_loss(real + 0.1, real)) == pytest.approx(0, abs=1e-3)


def test_too_much_is_blamed_too(real: torch.Tensor) -> None:
    rough = real + 3 * (real - functional.avg_pool2d(real, 5, 1, 2))
    assert float(texture_loss(rough, real)) > 0.2


def test_its_slope_is_finite_everywhere(real: torch.Tensor) -> None:
    for made in (real.clone(), torch.zeros_like(real)):
        made.requires_grad_()
        (slope,) = torch.autograd.grad(texture_loss(made, real), made)
        assert np.isfinite(slope.numpy()).all()
