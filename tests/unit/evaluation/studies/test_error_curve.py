import numpy as np
import pytest

from evaluation.studies.error_curve import ErrorCurve, fit_error_curve


def test_a_known_curve_is_recovered_from_counts() -> None:
    rng = np.random.default_rng(1)
    truth = ErrorCurve(6.3, 0.25)
    counts = {}
    for bler in (0.95, 0.7, 0.4, 0.15, 0.03, 0.005):
        counts[truth.snr_db(bler)] = (2000, int(rng.binomial(2000, bler)))
    fitted = fit_error_curve(counts)
    assert fitted.middle_db == pytest.approx(6.3, abs=0.02)
    for bler in (0.5, 0.1, 0.01):
        assert fitted.snr_db(bler) == pytest.approx(truth.snr_db(bler), abs=0.04)


def test_lower_error_rates_need_more_snr() -> None:
    curve = ErrorCurve(0.0, 0.3)
    assert curve.snr_db(0.5) == pytest.approx(0.0)
    assert curve.snr_db(0.1) < curve.snr_db(0.01) < curve.snr_db(1e-4)
