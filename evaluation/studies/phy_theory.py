"""What theory says about the physical layer: closed forms and bounds to hold measurements against."""

import math
from statistics import NormalDist

import numpy as np

from semvid.phy.qam import amplitudes

_NODES, _WEIGHTS = np.polynomial.hermite.hermgauss(80)


def uncoded_ber(qm: int, snr_db: float) -> float:
    """Exact bit error rate of Gray-mapped square QAM over AWGN, hard decisions per symbol.

    Cho and Yoon, "On the general BER expression of one- and two-dimensional amplitude modulations", IEEE
    Trans. Commun. 50(7), 2002, equations 9, 10 and 14.
    """
    side, bits = 1 << qm // 2, qm // 2
    argument = math.sqrt(3 * 10 ** (snr_db / 10) / (2 * (side**2 - 1)))
    total = 0.0
    for k in range(1, bits + 1):
        for i in range(int((1 - 2**-k) * side)):
            fold = i * 2 ** (k - 1) / side
            weight = (-1) ** math.floor(fold) * (2 ** (k - 1) - math.floor(fold + 0.5))
            total += weight * math.erfc((2 * i + 1) * argument) / side
    return total / bits


def rayleigh_qpsk_ber(snr_db: float) -> float:
    """Mean bit error rate of QPSK over Rayleigh fading with known gain (Proakis, Salehi, 5th ed., 13.3-7)."""
    per_bit = 10 ** (snr_db / 10) / 2
    return 0.5 * (1 - math.sqrt(per_bit / (1 + per_bit)))


def rician_qpsk_ber(snr_db: float, k_db: float) -> float:
    """Mean bit error rate of QPSK over Rician fading with known gain.

    The integral over the moment generating function of the SNR (Simon, Alouini, "Digital Communication over
    Fading Channels", 2nd ed., 2005, equations 8.102 and 2.17).
    """
    per_bit, k = 10 ** (snr_db / 10) / 2, 10 ** (k_db / 10)
    angle = (np.arange(2000) + 0.5) * math.pi / 4000
    scaled = per_bit / np.sin(angle) ** 2
    transform = (1 + k) / (1 + k + scaled) * np.exp(-k * scaled / (1 + k + scaled))
    return float(np.mean(transform) / 2)


def capacity_and_dispersion(qm: int, snr_db: float) -> tuple[float, float]:
    """Mean (bits) and variance (bits^2) of the information density of one QAM symbol over AWGN.

    Equiprobable points; in-phase and quadrature are independent, so that both are twice those of one
    amplitude. Gauss-Hermite quadrature over the noise.
    """
    level = amplitudes(qm).astype(np.float64)
    no = 10 ** (-snr_db / 10)
    noise = _NODES * math.sqrt(no)  # exp(-n^2 / no), the density of one noise dimension
    received = level[:, None] + noise
    metric = -((received[:, :, None] - level) ** 2) / no + (noise**2 / no)[None, :, None]
    density = (math.log(len(level)) - np.logaddexp.reduce(metric, axis=2)) / math.log(2)
    weight = _WEIGHTS / math.sqrt(math.pi) / len(level)
    mean = float(np.sum(weight * density))
    return 2 * mean, 2 * (float(np.sum(weight * density**2)) - mean**2)


def normal_approximation_snr_db(information_bits: int, symbols: int, qm: int, bler: float) -> float:
    """The SNR at which the best code of this length could reach ``bler``, by the normal approximation.

    Polyanskiy, Poor, Verdu, "Channel coding rate in the finite blocklength regime", IEEE Trans. Inf. Theory
    56(5), 2010: ``k = n C - sqrt(n V) Q^-1(bler) + log2(n) / 2``, with the capacity and dispersion of the
    modulation.
    """
    tail = NormalDist().inv_cdf(1 - bler)
    low, high = -20.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        capacity, dispersion = capacity_and_dispersion(qm, middle)
        possible = symbols * capacity - math.sqrt(symbols * dispersion) * tail + math.log2(symbols) / 2
        low, high = (middle, high) if possible < information_bits else (low, middle)
    return high
