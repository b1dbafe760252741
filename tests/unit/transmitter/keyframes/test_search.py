from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transmitter.keyframes.search import ChangeModel, Window, first_crossing

changes_of = st.lists(st.floats(0.0, 4.0), min_size=1, max_size=25)


def search(
    changes: list[float], margins: list[float], model: ChangeModel | None = None, at_once: int = 1
) -> tuple[int | None, list[int]]:
    asked: list[int] = []

    def ask(candidates: list[int]) -> list[float]:
        assert 1 <= len(candidates) <= at_once
        asked.extend(candidates)
        return [margins[candidate] for candidate in candidates]

    return first_crossing(changes, ask, model or ChangeModel(), at_once=at_once), asked


@given(st.data(), changes_of, st.integers(1, 9))
def test_whatever_the_answers_the_search_ends_with_one_that_was_asked_about(
    data: st.DataObject, changes: list[float], at_once: int
) -> None:
    size = len(changes)
    sides = st.floats(0.01, 8.0) | st.floats(-8.0, -0.01)
    margins = data.draw(st.lists(sides, min_size=size, max_size=size))
    found, asked = search(changes, margins, at_once=at_once)
    assert 1 <= len(asked) == len(set(asked))
    differing = [candidate for candidate in asked if margins[candidate] > 0]
    assert found == min(differing, default=None)


@pytest.mark.parametrize("at_once", [1, 3, 8])
def test_where_change_grows_nearly_every_first_crossing_is_found_or_the_one_behind_it(at_once: int) -> None:
    rng = np.random.default_rng(7)
    right = 0
    for _ in range(200):
        changes = np.cumsum(rng.uniform(0.05, 0.3, 25))
        margins = 4.0 * (changes - rng.uniform(0.3, 2.5)) + rng.normal(0, 0.1, 25)
        found, asked = search(list(changes), list(margins), at_once=at_once)
        first = int(np.argmax(margins > 0))
        right += found is not None and first <= found <= first + (at_once == 1)
        assert len(asked) <= 12 * at_once
    assert right >= 0.95 * 200


def test_answers_teach_where_to_ask() -> None:
    """After some keyframes of one kind, two or three questions find the next."""
    model = ChangeModel()
    rng = np.random.default_rng(5)
    questions = []
    for _ in range(30):
        changes = np.sort(rng.uniform(0.1, 3.0, 25))
        margins = list(6.0 * (changes - 1.7) + rng.normal(0, 0.2, 25))
        found, asked = search(list(changes), margins, model)
        first = int(np.argmax(np.array(margins) > 0))
        assert found is not None
        assert abs(found - first) <= 1
        questions.append(len(asked))
    assert np.mean(questions[10:]) <= 4
    assert model.noise < 0.8
    line, doubt = model.expected(np.array([1.7]))
    assert line[0] == pytest.approx(0.0, abs=0.5)
    assert doubt[0] < 0.3


def test_still_pictures_cost_one_question_a_window() -> None:
    found, asked = search([0.05] * 25, [-5.0] * 25)
    assert found is None
    assert len(asked) == 1


def test_a_measurement_that_says_nothing_costs_more_questions() -> None:
    model = ChangeModel()
    rng = np.random.default_rng(1)
    before = model.noise
    for _ in range(40):
        model.learn(float(rng.uniform(0, 2)), float(rng.choice([-4.0, 4.0])))
    assert model.noise > 2 * before
    window = Window([1.0] * 10, model)
    window.tell(5, -4.0)
    assert window.next_questions()


def test_enough_questions_at_once_leave_nothing_open() -> None:
    changes = [0.1 + 0.15 * i for i in range(9)]
    found, asked = search(changes, [-1.0] * 5 + [0.1] * 4, at_once=9)
    assert found == 5
    assert {4, 5} <= set(asked)
