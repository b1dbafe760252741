import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.options import Rule
from semvid.psss import Answer, differs


def test_scores_of_an_answer() -> None:
    answer = Answer(p_yes=0.2, p_no=0.7)
    assert answer.s_rel == pytest.approx(0.5)
    assert answer.mass == pytest.approx(0.9)


@given(st.floats(0, 1), st.floats(0, 1))
def test_scores_stay_in_their_ranges(share: float, mass: float) -> None:
    answer = Answer(mass * share, mass * (1 - share))
    assert -1 <= answer.s_rel <= 1
    assert abs(answer.s_rel) <= answer.mass + 1e-12


@pytest.mark.parametrize(
    ("p_yes", "p_no"), [(-0.1, 0.5), (0.5, 1.1), (math.nan, 0.1), (0.1, math.inf), (0.6, 0.5)]
)
def test_what_is_no_pair_of_probabilities_is_refused(p_yes: float, p_no: float) -> None:
    with pytest.raises(InvalidInput, match=r"p_yes|p_no"):
        Answer(p_yes, p_no)


def test_float32_rounding_of_a_softmax_is_accepted() -> None:
    assert Answer(0.5, 0.5000001).mass > 1.0


@pytest.mark.parametrize(
    ("rule", "threshold", "expected"),
    [
        (Rule.RELATIVE, 0.35, True),
        (Rule.RELATIVE, 0.5, False),
        (Rule.ABSOLUTE, 0.69, True),
        (Rule.ABSOLUTE, 0.7, False),
    ],
)
def test_decision_exceeds_the_threshold_strictly(rule: Rule, threshold: float, expected: bool) -> None:
    assert differs(Answer(p_yes=0.25, p_no=0.7), rule, threshold) is expected
    assert differs(Answer(p_yes=0.25, p_no=0.75), Rule.RELATIVE, 0.5) is False


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [
        (Rule.RELATIVE, 1.0),
        (Rule.RELATIVE, -1.1),
        (Rule.ABSOLUTE, -0.1),
        (Rule.ABSOLUTE, 1.0),
        (Rule.ABSOLUTE, math.nan),
    ],
)
def test_thresholds_that_decide_nothing_are_refused(rule: Rule, threshold: float) -> None:
    with pytest.raises(InvalidInput, match="threshold"):
        differs(Answer(0.5, 0.5), rule, threshold)
