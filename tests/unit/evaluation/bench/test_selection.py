from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.bench import records
from evaluation.bench.report import overview, paper_table
from evaluation.bench.report.results import Results
from evaluation.bench.selection import select
from evaluation.bench.sets import Variant, parse_set
from evaluation.bench.sources import find
from evaluation.clips import Clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return find("demo:0", None).prepare(tmp_path_factory.mktemp("clip"), 1.0)


def test_the_threshold_decides_between_two_keyframes_and_all_candidates(clip: Clip) -> None:
    none = select(clip, Variant(name="none", threshold=0.999))
    assert none["keyframe_indices"] == [0, 24]
    assert none["metrics"]["keyframes"] == 2
    every = select(clip, Variant(name="every", threshold=-0.999))
    # 0.2 s at 25 frames a second: every fifth frame, then the last
    assert every["keyframe_indices"] == [0, 5, 10, 15, 20, 24]
    assert -1 < every["metrics"]["s_rel"] < 1


def test_the_hard_cut_means_something_else(tmp_path: Path) -> None:
    clip = find("demo:4", None).prepare(tmp_path, 2.0)
    chosen = select(clip, Variant(name="relative"))["keyframe_indices"]
    cut = 25  # frames after second 4
    assert any(cut <= index <= cut + 5 for index in chosen)


def test_spread_over_clips_stands_beside_what_was_published(tmp_path: Path) -> None:
    text = (
        'title = "t"\nclips = ["demo:0", "demo:1"]\n[[variant]]\nname = "relative"\n'
        '[paper]\nitem = "Stability"\ndiffers = ["clips"]\n'
        + "".join(
            f'[[paper.value]]\nrow = "r"\nmeasure = "keyframes"\nstatistic = "{s}"\nvalue = 4\n'
            'ours = "relative"\n'
            for s in ("mean", "sd", "max", "cv")
        )
    )
    records.start(tmp_path, parse_set(text, "here"), {})
    for number, count in enumerate((2, 6)):
        record = {
            "clip": f"demo:{number}", "method": "relative", "kind": "selection", "failed": "", "cbr": None,
            "snr_db": None, "metrics": {"keyframes": count, "s_rel": 0.1},
        }  # fmt: skip
        records.write(tmp_path, str(number), record)
    results = Results.read(tmp_path)
    table = overview.selections(results)
    assert table.rows[0][4:9] == ["2", "4.00", "2.83", "6", "0.707"]
    (published,) = paper_table.published(results)
    assert [row[5].split()[0] for row in published.rows] == ["4", "2.828", "6", "0.7071"]
