import numpy as np
import pytest

from evaluation.bench.confidence import estimate


def test_the_interval_is_that_of_students_distribution() -> None:
    values = [0.11, 0.14, 0.09, 0.2, 0.13]
    ours = estimate(values)
    # 2.776 is the 97.5 % quantile with four degrees of freedom in every table
    assert ours.half_width == pytest.approx(2.7764 * np.std(values, ddof=1) / np.sqrt(5), rel=1e-4)
    assert ours.excludes_zero
    assert not estimate([-1.0, 1.2, 0.3]).excludes_zero


def test_one_value_has_no_interval_and_none_has_no_mean() -> None:
    assert estimate([2.0]).half_width is None
    assert not estimate([2.0]).excludes_zero
    with pytest.raises(ValueError, match="finite"):
        estimate([])
    with pytest.raises(ValueError, match="finite"):
        estimate([1.0, float("nan")])
