"""Intervals, changes of a task's output, verdicts, and the report that is made of records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.judges.detection import Box
from evaluation.psss import keyframes, replacement, report
from evaluation.psss.eyes import divergence, object_change
from evaluation.psss.intervals import interval, keyframe_verdict, paired, prediction_verdict
from evaluation.psss.kept import Kept

CLIPS = [f"clip {number}" for number in range(8)]


def test_an_interval_holds_its_mean_and_says_its_sign() -> None:
    above = interval([0.5, 0.6, 0.7, 0.8])
    assert above.low < above.mean < above.high
    assert above.mean == pytest.approx(0.65)
    assert (above.sign, interval([-1.0, -2.0]).sign, interval([-1.0, 1.0]).sign) == (1, -1, 0)
    assert paired({"a": 1.0, "b": 2.0}, {"b": 1.5}).clips == 1
    with pytest.raises(ValueError, match="at least one clip"):
        interval([])


def signs(uniform: str, random: str) -> dict[str, dict[str, int]]:
    value = {"+": 1, "-": -1, "0": 0}
    return {
        name: {str(number): value[mark] for number, mark in enumerate(marks)}
        for name, marks in (("uniform", uniform), ("random", random))
    }


@pytest.mark.parametrize(
    ("uniform", "random", "verdict"),
    [
        ("++00", "++00", "yes"),
        ("++0-", "++00", "partly"),
        ("+000", "0+00", "partly"),
        ("0000", "0000", "no"),
        ("+-00", "0000", "no"),
    ],
)
def test_the_verdict_on_keyframes_is_that_of_the_criterion(uniform: str, random: str, verdict: str) -> None:
    assert keyframe_verdict(signs(uniform, random)) == verdict


@pytest.mark.parametrize(
    ("marks", "verdict"),
    [
        (("111", "111", "000"), "yes"),
        (("100", "010", "000"), "partly"),
        (("10-", "010", "000"), "no"),
        (("000", "111", "000"), "no"),
    ],
)
def test_the_verdict_on_prediction_is_that_of_the_criterion(marks: tuple[str, ...], verdict: str) -> None:
    value = {"1": 1, "0": 0, "-": -1}
    found = {
        task: dict(zip(replacement.DECISIVE, (value[mark] for mark in three), strict=True))
        for task, three in zip(replacement.FOCUS_OF, marks, strict=True)
    }
    assert prediction_verdict(found) == verdict


def test_objects_change_by_what_is_found_both_ways() -> None:
    dog, far_dog = (Box("dog", 0.9, (left, 0.0, left + 10, 10.0)) for left in (0.0, 50.0))
    assert object_change([dog], [dog]) == 0
    assert object_change([], []) == 0
    assert object_change([dog], []) == 1
    assert object_change([dog], [far_dog]) == 1
    assert object_change([dog, far_dog], [dog]) == pytest.approx(1 - 2 / 3)


def test_divergence_is_none_for_equals_and_one_bit_for_strangers() -> None:
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert divergence(one, one) == 0
    assert divergence(one, other) == pytest.approx(1)


def chosen(better: float) -> list[dict[str, Any]]:
    """psss is better by so much than everybody in everything; the first clip has no label."""
    rng = np.random.default_rng(0)
    records = []
    for clip in CLIPS:
        for chooser in ("psss", *keyframes.RIVALS):
            for way in ("uncoded", "link"):
                lead = better if chooser == "psss" else 0.0
                measures = {name: 0.5 + lead + 0.01 * rng.random() for name in keyframes.DECISIVE}
                if clip == CLIPS[0]:
                    del measures["nearest_class"]
                about = {"clip": clip, "count": 4, "chooser": chooser, "draw": 0, "filled": 0}
                records.append({"way": way, **about, "measures": measures | {"symbols": 900.0}})
    return records


def replaced(follows: str) -> list[dict[str, Any]]:
    """Changes of all tasks follow one predictor; the others are noise."""
    rng = np.random.default_rng(1)
    records = []
    for clip in CLIPS:
        names = ("general", "main_object", "background")
        predictors = {f"S_rel {name}": rng.random(15).tolist() for name in names}
        predictors |= {
            name: rng.random(15).tolist() for name in (*replacement.DECISIVE, *replacement.REPORTED)
        }
        if follows == "S_rel":
            base = rng.random(15).tolist()
            predictors |= {f"S_rel {name}": base for name in names}
            changes = dict.fromkeys(replacement.FOCUS_OF, base)
        else:
            changes = dict.fromkeys(replacement.FOCUS_OF, predictors[follows])
        records.append({"clip": clip, "predictors": predictors, "changes": changes})
    return records


def test_verdicts_follow_from_records() -> None:
    assert set(report.verdicts(chosen(0.2), replaced("S_rel")).values()) == {"yes"}
    assert set(report.verdicts(chosen(-0.2), replaced("MSE")).values()) == {"no"}
    text = report.text(
        chosen(0.2), replaced("S_rel"), {"command": "c", "commit": "abc", "date": "d", "mllm": "embedded"}
    )
    assert "| nearest class (7) |" in text  # the clip without a label is out
    assert "keyframes: **yes**" in text


def test_a_task_that_never_changes_in_a_clip_is_left_out_and_a_constant_predictor_ranks_nothing() -> None:
    records = replaced("MSE")
    records[0]["changes"] = records[0]["changes"] | {"objects": [0.0] * 15}
    records[1]["predictors"]["flow"] = [1.0] * 15
    found = replacement.coefficients(records, "objects", "flow")
    assert CLIPS[0] not in found
    assert found[CLIPS[1]] == 0
    assert replacement.coefficients(records, "objects", "MSE")[CLIPS[2]] == pytest.approx(1)


def test_a_task_that_changes_in_no_clip_says_nothing() -> None:
    records = replaced("S_rel")
    for record in records:
        record["changes"] = record["changes"] | {"objects": [0.0] * 15}
    assert replacement.means(records, "objects") == replacement.differences(records, "objects") == {}
    assert report.verdicts(chosen(0.2), records)["prediction"] == "yes"  # two of the other two
    made = {"command": "c", "commit": "abc", "date": "d", "mllm": "embedded"}
    assert "| objects (0 clips) |" in report.text(chosen(0.2), records, made)


def test_records_are_kept_until_they_are_forgotten_and_made_anew_under_other_settings(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[dict[str, Any]]:
        made.append(1)
        return [{"n": len(made)}]

    out = tmp_path / "psss.json"
    assert Kept(out, {"a": 1}).records("x", "clip", make) == [{"n": 1}]
    assert Kept(out, {"a": 1}).records("x", "clip", make) == [{"n": 1}]
    kept = Kept(out, {"a": 2})
    assert kept.records("x", "clip", make) == [{"n": 2}]
    kept.forget()
    assert list(tmp_path.iterdir()) == []
