"""The script that measures large models, dry: tiny models of the same classes through the same backends."""

from __future__ import annotations

import pytest

from evaluation.studies import models as bench_models

pytestmark = pytest.mark.tiny_models


def test_every_way_to_score_and_to_sample_gets_its_row() -> None:
    scoring = bench_models.bench_scoring(bench_models.DRY, "cpu")
    ways = [("direct", False), ("described", False), ("described-once", False), ("direct", True)]
    assert [(row["scoring"], row["prefix_reuse"], row["batch"]) for row in scoring["rows"]] == [
        (*way, batch) for batch in (1, 4) for way in ways
    ]
    generation = bench_models.bench_generation(bench_models.DRY, "cpu")
    assert [(row["sampling"], row["clips"]) for row in generation["rows"]] == [
        ("distilled, 8 steps", 1),
        ("distilled, 8 steps", 2),
        ("30 steps, guidance", 1),
        ("30 steps, guidance", 2),
    ]
    assert all(row["seconds_per_pair"] > 0 and row["peak_memory"] > 0 for row in scoring["rows"])
    one = generation["rows"][0]
    assert one["seconds_per_generated_second"] == pytest.approx(one["seconds_per_clip"] * 24 / 16, rel=0.01)
    for part in (scoring, generation):
        assert part["model"]["weights"] == "random"
        assert part["model"]["size_of"].startswith("tiny")
    assert "random" in bench_models.NOTE
