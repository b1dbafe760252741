import pytest

from evaluation.judges.detection import Box, mean_average_precision, objects_lost, overlap


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


def test_an_object_is_lost_without_a_find_of_its_class_in_its_place() -> None:
    truths = [[box(0), box(50)], [box(20, label="dog")]]
    assert objects_lost(truths, truths) == 0
    assert objects_lost(truths, [[], []]) == 1
    assert objects_lost(truths, [[box(0)], [box(20)]]) == pytest.approx(2 / 3)  # the dog became a cat
    assert objects_lost(truths, [[box(0), box(58)], [box(20, label="dog")]]) == pytest.approx(1 / 3)
    assert objects_lost(truths, list(reversed(truths))) == 1  # frame by frame


def test_one_find_stands_for_one_object_and_is_given_to_the_one_that_has_no_other() -> None:
    two = [[box(0), box(2)]]
    assert objects_lost(two, [[box(1)]]) == 0.5
    # the first of the two finds fits both objects, the second only the object at 0
    assert overlap(box(2), box(-2)) < 0.5 < overlap(box(0), box(-2))
    assert objects_lost(two, [[box(1), box(-2)]]) == 0


def test_only_confident_objects_can_be_lost_and_only_sure_finds_count() -> None:
    assert objects_lost([[box(0, 0.49)]], [[]]) is None
    assert objects_lost([[box(0, 0.5)]], [[box(0, 0.29)]]) == 1
    assert objects_lost([[box(0, 0.5)]], [[box(0, 0.3)]]) == 0


def test_overlap_is_the_shared_part_of_the_union() -> None:
    assert overlap(box(0), box(0)) == 1
    assert overlap(box(0), box(2)) == pytest.approx(80 / 120)
    assert overlap(box(0), box(10)) == 0
    assert overlap(box(0, side=0), box(0, side=0)) == 0
