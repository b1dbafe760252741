"""Channels for the physical layer's tests."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Symbols = NDArray[np.complex64]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2024)


@pytest.fixture
def awgn(rng: np.random.Generator) -> Callable[[Symbols, float], Symbols]:
    """awgn(symbols, snr_db) adds complex Gaussian noise of variance 10^(-snr_db / 10)."""

    def add(symbols: Symbols, snr_db: float) -> Symbols:
        noise = rng.standard_normal((len(symbols), 2)) @ np.array([1, 1j]) / np.sqrt(2)
        return (symbols + 10 ** (-snr_db / 20) * noise).astype(np.complex64)

    return add


@pytest.fixture
def rayleigh(rng: np.random.Generator) -> Callable[[int, int], NDArray[np.complex128]]:
    """rayleigh(count, coherence): gains that stay for `coherence` symbols, the first border anywhere."""

    def gains(count: int, coherence: int) -> NDArray[np.complex128]:
        fade = (np.arange(count) + rng.integers(coherence)) // coherence
        return (rng.standard_normal((fade[-1] + 1, 2)) @ np.array([1, 1j]) / np.sqrt(2))[fade]

    return gains
