import pytest
from scipy import stats

from evaluation.bench.confidence import estimate, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 11, 30, 200])
def test_quantiles_agree_with_scipy(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-6)


def test_interval_agrees_with_scipy() -> None:
    values = [0.11, 0.14, 0.09, 0.2, 0.13]
    ours = estimate(values)
    low, high = stats.t.interval(0.95, 4, loc=ours.mean, scale=stats.sem(values))
    assert (ours.mean - (ours.half_width or 0), ours.mean + (ours.half_width or 0)) == pytest.approx(
        (low, high)
    )
    assert ours.excludes_zero
    assert not estimate([-1.0, 1.2, 0.3]).excludes_zero


def test_one_value_has_no_interval_and_none_has_no_mean() -> None:
    assert estimate([2.0]).half_width is None
    assert not estimate([2.0]).excludes_zero
    with pytest.raises(ValueError, match="finite"):
        estimate([])
    with pytest.raises(ValueError, match="finite"):
        estimate([1.0, float("nan")])
