import math
from collections.abc import Callable

import numpy as np
import pytest

from semvid.phy.qam import QAM_ORDERS, amplitudes, demap, map_bits


def all_points(qm: int) -> tuple[np.ndarray, np.ndarray]:
    patterns = np.arange(1 << qm)
    bits = (patterns[:, None] >> np.arange(qm - 1, -1, -1) & 1).astype(np.uint8)
    return bits, map_bits(bits.reshape(-1), qm)


def standard_point(b: np.ndarray) -> complex:
    """TS 38.211 clauses 5.1.3 to 5.1.6 as printed."""
    s = 1 - 2 * b.astype(int)
    match len(b):
        case 2:
            return complex(s[0], s[1]) / math.sqrt(2)
        case 4:
            return complex(s[0] * (2 - s[2]), s[1] * (2 - s[3])) / math.sqrt(10)
        case 6:
            return complex(s[0] * (4 - s[2] * (2 - s[4])), s[1] * (4 - s[3] * (2 - s[5]))) / math.sqrt(42)
        case _:
            real = s[0] * (8 - s[2] * (4 - s[4] * (2 - s[6])))
            imag = s[1] * (8 - s[3] * (4 - s[5] * (2 - s[7])))
            return complex(real, imag) / math.sqrt(170)


@pytest.mark.parametrize("qm", QAM_ORDERS)
def test_points_are_those_of_the_standard(qm: int) -> None:
    bits, points = all_points(qm)
    np.testing.assert_allclose(points, [standard_point(b) for b in bits], atol=1e-6)
    assert np.mean(np.abs(points) ** 2) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("qm", QAM_ORDERS)
def test_neighbours_differ_in_one_bit(qm: int) -> None:
    bits, points = all_points(qm)
    distance = np.abs(points[:, None] - points[None, :])
    smallest = distance[distance > 1e-6].min()
    for i, j in np.argwhere(np.abs(distance - smallest) < 1e-5):
        assert np.count_nonzero(bits[i] != bits[j]) == 1


def uncoded_ber(qm: int, snr_db: float) -> float:
    """Exact bit error rate of Gray-mapped square QAM (Cho and Yoon, IEEE Trans. Commun. 50(7), 2002)."""
    side, bits = 1 << qm // 2, qm // 2
    argument = math.sqrt(3 * 10 ** (snr_db / 10) / (2 * (side**2 - 1)))
    total = 0.0
    for k in range(1, bits + 1):
        for i in range(int((1 - 2**-k) * side)):
            fold = i * 2 ** (k - 1) / side
            weight = (-1) ** math.floor(fold) * (2 ** (k - 1) - math.floor(fold + 0.5))
            total += weight * math.erfc((2 * i + 1) * argument) / side
    return total / bits


@pytest.mark.parametrize(("qm", "snr_db"), [(2, 6.0), (4, 12.0), (6, 18.0), (8, 24.0)])
def test_uncoded_errors_agree_with_the_closed_form(
    qm: int, snr_db: float, rng: np.random.Generator, awgn: Callable
) -> None:
    bits = rng.integers(0, 2, 240_000).astype(np.uint8)
    received = awgn(map_bits(bits, qm), snr_db)
    errors = np.count_nonzero((demap(received, 10 ** (-snr_db / 10), qm) < 0) != bits)
    expected = uncoded_ber(qm, snr_db) * len(bits)
    assert abs(errors - expected) < 5 * math.sqrt(expected)


@pytest.mark.parametrize("qm", QAM_ORDERS)
def test_exact_llrs_are_the_sums_over_all_points(qm: int, rng: np.random.Generator) -> None:
    bits, points = all_points(qm)
    received = (rng.standard_normal(20) + 1j * rng.standard_normal(20)).astype(np.complex64)
    no = 0.3
    likelihood = np.exp(-(np.abs(received[:, None] - points) ** 2) / no)
    expected = [
        [math.log(row[bits[:, b] == 0].sum() / row[bits[:, b] == 1].sum()) for b in range(qm)]
        for row in likelihood
    ]
    np.testing.assert_allclose(demap(received, no, qm).reshape(20, qm), expected, rtol=1e-3, atol=1e-3)


def test_llrs_are_calibrated(rng: np.random.Generator, awgn: Callable) -> None:
    """Among bits whose LLR is about L, one in 1 + exp(L) is wrong."""
    bits = rng.integers(0, 2, 400_000).astype(np.uint8)
    llrs = demap(awgn(map_bits(bits, 4), 7.0), 10**-0.7, 4)
    chosen = np.abs(np.abs(llrs) - 1.5) < 0.1
    wrong = np.mean((llrs[chosen] < 0) != bits[chosen])
    assert wrong == pytest.approx(1 / (1 + math.exp(1.5)), rel=0.05)


def test_extremes_stay_finite() -> None:
    symbols = np.array([np.nan, np.inf, 1e38, 0, -1e30j], np.complex64)
    for no in (0.0, 1e-30, 1e30):
        llrs = demap(symbols, no, 8).reshape(-1, 8)
        assert np.isfinite(llrs).all()
        assert not llrs[:2].any()
    assert not demap(np.ones(2, np.complex64), np.array([np.nan, np.inf]), 2).any()


def test_other_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="one of"):
        amplitudes(3)
