"""A block error rate curve from counted errors."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()
_WIDTHS_DB = np.geomspace(0.03, 1.5, 80)


@dataclass(frozen=True)
class ErrorCurve:
    """``BLER = Q((snr_db - middle_db) / width_db)``: what coded blocks over AWGN follow closely."""

    middle_db: float
    width_db: float

    def snr_db(self, bler: float) -> float:
        """The SNR at a block error rate."""
        return self.middle_db - self.width_db * _NORMAL.inv_cdf(bler)


def fit_error_curve(counts: Mapping[float, tuple[int, int]]) -> ErrorCurve:
    """The most likely curve through ``{snr_db: (trials, errors)}``, on a grid of 0.01 dB."""
    snr_db = np.array(list(counts))
    trials, errors = np.array(list(counts.values())).T
    erfc = np.vectorize(math.erfc, otypes=[float])
    best, likeliest = -np.inf, ErrorCurve(0.0, 1.0)
    for width in _WIDTHS_DB:
        middles = np.arange(snr_db.min() - 0.5, snr_db.max() + 0.5, 0.01)
        p = (0.5 * erfc((snr_db - middles[:, None]) / (width * math.sqrt(2)))).clip(1e-9, 1 - 1e-9)
        likelihood = errors @ np.log(p).T + (trials - errors) @ np.log1p(-p).T
        if likelihood.max() > best:
            best = float(likelihood.max())
            likeliest = ErrorCurve(float(middles[np.argmax(likelihood)]), float(width))
    return likeliest
