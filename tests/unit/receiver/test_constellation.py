from __future__ import annotations

import numpy as np
import pytest

from receiver.constellation import CAPACITY, Constellation
from semvid.phy.block import Reception


def reception(values: np.ndarray, sections: tuple[int, int, int]) -> Reception:
    return Reception(equalised=values.astype(np.complex64), sections=sections)


def test_few_symbols_are_all_kept_with_what_they_carried() -> None:
    sample = Constellation()
    sample.add(reception(np.array([1, 2j, -3]), (1, 1, 1)))
    sample.add(reception(np.empty(0), (0, 0, 0)))
    assert sample.to_json() == {
        "i": [1.0, 0.0, -3.0], "q": [0.0, 2.0, 0.0], "class": ["control", "protected", "bulk"],
    }  # fmt: skip


def test_of_many_symbols_each_is_kept_with_equal_probability() -> None:
    sample, total = Constellation(), 20 * CAPACITY
    for start in range(0, total, 5000):
        sample.add(reception(np.arange(start, start + 5000), (0, 0, 5000)))
    kept = np.array(sample.to_json()["i"])
    assert len(kept) == CAPACITY
    counts, _ = np.histogram(kept, bins=10, range=(0, total))
    expected = CAPACITY / 10
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
    assert kept.mean() == pytest.approx(total / 2, rel=0.05)
