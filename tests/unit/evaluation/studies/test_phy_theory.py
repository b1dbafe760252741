import math

import pytest

from evaluation.studies.phy_theory import (
    capacity_and_dispersion,
    normal_approximation_snr_db,
    rayleigh_qpsk_ber,
    rician_qpsk_ber,
    uncoded_ber,
)


def test_qpsk_error_rate_is_the_q_function() -> None:
    assert uncoded_ber(2, 7.0) == pytest.approx(0.5 * math.erfc(math.sqrt(10**0.7 / 2)))


def test_rayleigh_error_rate_falls_by_ten_in_ten_db() -> None:
    assert rayleigh_qpsk_ber(30.0) / rayleigh_qpsk_ber(40.0) == pytest.approx(10, rel=0.01)
    assert rayleigh_qpsk_ber(-100.0) == pytest.approx(0.5, abs=1e-4)


def test_rician_fading_lies_between_rayleigh_and_none() -> None:
    assert rician_qpsk_ber(10.0, -60.0) == pytest.approx(rayleigh_qpsk_ber(10.0), rel=1e-4)
    assert rician_qpsk_ber(7.0, 60.0) == pytest.approx(uncoded_ber(2, 7.0), rel=1e-3)
    assert uncoded_ber(2, 7.0) < rician_qpsk_ber(7.0, 6.0) < rayleigh_qpsk_ber(7.0)


@pytest.mark.parametrize("qm", [2, 4, 6, 8])
def test_capacity_lies_between_nothing_and_all_bits(qm: int) -> None:
    assert capacity_and_dispersion(qm, 40.0) == (pytest.approx(qm, abs=1e-6), pytest.approx(0, abs=1e-4))
    low, _ = capacity_and_dispersion(qm, -20.0)
    assert low == pytest.approx(math.log2(1.01), rel=0.01)  # at low SNR as good as Gaussian signals
    middle, dispersion = capacity_and_dispersion(qm, 3.0 * qm - 6)
    assert 0 < middle < math.log2(1 + 10 ** ((3.0 * qm - 6) / 10))
    assert dispersion > 0


def test_half_a_bit_per_dimension_of_qpsk_needs_0_19_db() -> None:
    """The known Shannon limit of binary signals at rate 1/2: Eb/N0 0.187 dB, here Es/N0 of QPSK at 1 bit."""
    assert capacity_and_dispersion(2, 0.187)[0] == pytest.approx(1.0, abs=5e-4)


def test_longer_codes_may_come_closer_to_capacity() -> None:
    needed = [normal_approximation_snr_db(k, k, 2, 0.01) for k in (256, 1024, 4096, 65_536)]
    assert needed == sorted(needed, reverse=True)
    assert 0.187 < needed[-1] < 0.3
