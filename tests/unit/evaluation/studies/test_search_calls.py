from __future__ import annotations

from dataclasses import asdict

import numpy as np

from evaluation.studies.search_calls import Oracle, Row, _matches, compare_walks, oracle_clip, table, total
from semvid.options import Focus


def test_the_oracle_is_reproducible_and_knows_what_changed() -> None:
    pictures, meanings = oracle_clip(3)
    again, _ = oracle_clip(3)
    assert all(np.array_equal(one, other) for one, other in zip(pictures, again, strict=True))
    assert not np.array_equal(pictures[0], oracle_clip(4)[0][0])
    oracle = Oracle(pictures, meanings, seed=3)
    distances = np.linalg.norm(meanings - meanings[0], axis=1)
    assert distances.max() > 1.5
    far = int(np.argmax(distances))
    same, other = oracle.compare(pictures[0], [pictures[1], pictures[far]], Focus.GENERAL)
    assert same.s_rel < 0 < other.s_rel
    assert oracle.compare(pictures[0], [pictures[far]], Focus.GENERAL) == [other]


def test_keyframes_match_within_one_candidate_and_once_only() -> None:
    assert _matches([10, 20, 30], [10, 22, 36], spacing=5) == 2
    assert _matches([10, 12], [11], spacing=5) == 1
    assert _matches([], [4], spacing=5) == 0


def test_the_gallop_asks_less_and_the_sums_say_so() -> None:
    pictures, meanings = oracle_clip(5)
    row = compare_walks("five", pictures, 2, 10_000, Oracle(pictures, meanings, 5), at_once=1)
    assert row.exhaustive == 59  # every second of 120 frames but the first
    assert row.calls == row.gallop
    assert row.gallop * 4 < row.exhaustive
    sums = total([row, Row("none", 59, 1, 2, 0, 0, 0, 1, 1)])
    assert sums["fewer_questions"] == round(118 / (row.gallop + 2), 2)
    assert sums["fewer_calls"] == round(118 / (row.calls + 1), 2)
    run = {"judge": "oracle", "at_once": 1, "total": sums, "clips": [asdict(row)]}
    assert "| five | 59 |" in table({"runs": [run]})


def test_eight_questions_at_once_take_fewer_calls() -> None:
    pictures, meanings = oracle_clip(5)
    oracle = Oracle(pictures, meanings, 5)
    one, eight = (compare_walks("five", pictures, 2, 10_000, oracle, n) for n in (1, 8))
    assert eight.calls < one.calls
    assert eight.gallop > one.gallop
    assert eight.chain == eight.expected == eight.found
