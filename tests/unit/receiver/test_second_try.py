from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from receiver.second_try import RegenerationFailed, second_try
from semvid.errors import Cancelled, LimitExceeded


class Flaky:
    """Pictures 0, 1, ...; raises at the places given, one for each call."""

    def __init__(self, count: int, *failures: tuple[int, Exception]) -> None:
        self.count, self.failures, self.calls = count, list(failures), 0

    def __call__(self) -> Iterator[np.ndarray]:
        failure = self.failures[self.calls] if self.calls < len(self.failures) else None
        self.calls += 1
        for number in range(self.count):
            if failure and number == failure[0]:
                raise failure[1]
            yield np.full((1, 1, 3), number, np.uint8)


def numbers(pictures: Iterator[np.ndarray]) -> list[int]:
    return [int(picture[0, 0, 0]) for picture in pictures]


@pytest.mark.parametrize("place", [0, 3, 4])
def test_a_second_one_goes_on_where_the_first_failed(place: int) -> None:
    make = Flaky(5, (place, RuntimeError("cosmic ray")))
    assert numbers(second_try(make, 5)) == [0, 1, 2, 3, 4]
    assert make.calls == 2


def test_two_failures_are_a_failure_with_the_reason() -> None:
    made, make = [], Flaky(5, (2, ValueError("odd")), (3, LimitExceeded("memory is short; take less")))
    with pytest.raises(RegenerationFailed, match="failed twice: memory is short; take less"):
        made.extend(numbers(second_try(make, 5)))
    assert make.calls == 2


def test_what_was_made_before_the_second_failure_is_kept() -> None:
    pictures = second_try(Flaky(5, (2, ValueError("odd")), (3, ValueError("odd"))), 5)
    assert [int(next(pictures)[0, 0, 0]) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RegenerationFailed, match="ValueError: odd"):
        next(pictures)


def test_a_cancelled_one_is_not_tried_again() -> None:
    make = Flaky(5, (1, Cancelled("stop")))
    with pytest.raises(Cancelled):
        list(second_try(make, 5))
    assert make.calls == 1


@pytest.mark.parametrize(("count", "complaint"), [(6, "gave 5 of 6"), (4, "more than 4")])
def test_a_wrong_number_of_frames_is_a_failure(count: int, complaint: str) -> None:
    with pytest.raises(RegenerationFailed, match=complaint):
        list(second_try(Flaky(5), count))
