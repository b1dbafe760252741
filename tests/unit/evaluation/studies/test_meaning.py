"""Agreement with labels: the labels themselves, and the figures made of them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from evaluation.studies import meaning
from semvid.options import Focus


def test_every_focus_has_enough_labels_in_both_halves() -> None:
    for half in ("fit", "test"):
        rows = meaning.labelled(half)
        for focus in Focus:
            counts = Counter(row[focus.value] for row in rows)
            assert set(counts) == {"same", "changed", ""}
            assert counts["same"] + counts["changed"] >= 80
            assert min(counts["same"], counts["changed"]) >= 25
    ends = [
        {(row["clip"], row["first"], row["other"], row["second"]) for row in meaning.labelled(half)}
        for half in ("fit", "test")
    ]
    assert not ends[0] & ends[1]


def test_the_area_under_the_curve_counts_pairs_in_order() -> None:
    assert meaning.area_under_curve([1, 2, 3, 4], [False, False, True, True]) == 1
    assert meaning.area_under_curve([1, 1, 1], [False, True, True]) == 0.5
    assert meaning.area_under_curve([2, 1, 3], [False, True, True]) == 0.5
    assert meaning.area_under_curve([4, 3, 2, 1], [False, False, True, True]) == 0


def test_the_interval_is_over_clips_and_holds_the_figure() -> None:
    rng = np.random.default_rng(1)
    changed = [bool(i % 2) for i in range(60)]
    scores = [float(mark + rng.normal()) for mark in changed]
    clips = [f"clip {i // 6}" for i in range(60)]
    low, high = meaning.interval(scores, changed, clips)
    assert low < meaning.area_under_curve(scores, changed) < high
    assert meaning.interval(scores, changed, clips) == (low, high)


def test_each_judge_is_asked_about_every_labelled_pair_of_each_focus() -> None:
    rows = meaning.labelled("test")
    ends = (("clip", "first"), ("other", "second"))
    frames = {(row[clip], int(row[frame])) for row in rows for clip, frame in ends}
    shown = {end: np.full((4, 4, 3), i % 256, np.uint8) for i, end in enumerate(sorted(frames))}
    records = meaning.measure(rows, shown, {"constant": lambda _: lambda _one, _other: 0.0})
    assert [record["focus"] for record in records] == [focus.value for focus in Focus]
    assert all(record["auc"] == 0.5 and record["pairs"] >= 80 for record in records)
    assert "| constant | 0.500 (0.50 to 0.50) |" in meaning.table(records, "command")
    assert records[0]["pairs"] == sum(bool(row["general"]) for row in rows)
