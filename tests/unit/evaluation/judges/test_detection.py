import pytest

from evaluation.judges.detection import Box, mean_average_precision


def precision(truths: list[list[Box]], detections: list[list[Box]], iou: float) -> float:
    (value,) = mean_average_precision(truths, detections, [iou])
    return float(value)


def box(left: float, score: float = 0.9, label: str = "cat", side: float = 10) -> Box:
    return Box(label, score, (left, 0.0, left + side, side))


def test_perfect_detections_score_one_and_none_score_zero() -> None:
    truths = [[box(0), box(50)], [box(20, label="dog")]]
    assert precision(truths, truths, 0.95) == pytest.approx(1)
    assert precision(truths, [[], []], 0.5) == 0


def test_a_false_alarm_costs_only_where_it_outranks_a_hit() -> None:
    truths = [[box(0)]]
    assert precision(truths, [[box(0, 0.9), box(50, 0.2)]], 0.5) == pytest.approx(1)
    assert precision(truths, [[box(0, 0.2), box(50, 0.9)]], 0.5) == pytest.approx(0.5)


def test_half_of_the_objects_found() -> None:
    # 101 recall points: precision 1 up to recall 0.5, that is 51 of them
    assert precision([[box(0), box(50)]], [[box(0)]], 0.5) == pytest.approx(51 / 101)


def test_each_object_is_found_once_and_only_by_its_class() -> None:
    assert precision([[box(0)]], [[box(0, 0.5), box(1, 0.9)]], 0.5) == pytest.approx(1)
    assert precision([[box(0)]], [[box(0, label="dog")]], 0.5) == 0


def test_the_threshold_decides() -> None:
    shifted = [[box(2)]]  # overlap 80 / 120
    assert precision([[box(0)]], shifted, 0.65) == pytest.approx(1)
    assert precision([[box(0)]], shifted, 0.7) == 0


def test_truth_and_detections_are_not_interchangeable() -> None:
    one, two = [[box(0)]], [[box(0, 0.9), box(50, 0.8)]]
    assert precision(one, two, 0.5) == pytest.approx(1)
    assert precision(two, one, 0.5) == pytest.approx(51 / 101)
