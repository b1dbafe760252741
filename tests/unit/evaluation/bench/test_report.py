"""Tables and plots of records that are made up, so that every number in them is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.bench import records
from evaluation.bench.cells import Cell
from evaluation.bench.report import (
    best_rival,
    bjontegaard_table,
    losses,
    overview,
    paper_table,
    tables_of,
    write_report,
)
from evaluation.bench.report.results import Results, over_budget
from evaluation.bench.sets import parse_set
from semvid.errors import InvalidInput

SET = """
title = "made up"
clips = ["demo:0", "demo:1", "demo:2"]
methods = ["semvid", "av1", "h265"]
judges = ["psnr_db"]
[[grid]]
snr_db = [10]
target_cbr = [1e-4, 2e-4, 4e-4, 8e-4]
[[grid]]
snr_db = [0]
target_cbr = [4e-4]
[stills]
snr_db = [10]
target_cbr = [4e-4]
[paper]
item = "Table"
differs = ["everything"]
[[paper.value]]
row = "theirs"
measure = "psnr_db"
snr_db = 0
value = 24.9
ours = "semvid"
"""


def record(
    clip: int, method: str, snr_db: float, target: float, psnr: float, lpips: float, **more: Any
) -> dict[str, Any]:
    cell = Cell(f"demo:{clip}", method, snr_db, "awgn", None, target, target, 0)
    return {
        "clip": cell.clip, "method": method, "snr_db": snr_db, "channel_model": "awgn",
        "coherence_symbols": None, "target": target, "target_cbr": target, "seed": 0, "cbr": target,
        "symbols": {"keyframe": 90, "pilot": 10}, "crossed": 100, "failed": "",
        "absent": {"dists": "no weights"},
        "metrics": {"psnr_db": psnr, "lpips": lpips}, "commit": "abc", "date": "2026-11-24", "versions": {},
        "code": "c", "key": "k", "judged_frames": 10, "command": "semvid bench run", "name": cell.name,
    } | more  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """semvid needs half of av1's symbols by PSNR and is 0.01 worse in LPIPS; h265 fails at 0 dB."""
    records.start(tmp_path, parse_set(SET, "here"), {})
    found = []
    for clip in range(3):
        for step, cbr in enumerate((1e-4, 2e-4, 4e-4, 8e-4)):
            psnr = 25 + 2 * step + 0.1 * clip
            found.append(record(clip, "semvid", 10, cbr, psnr + 2, 0.2 - 0.02 * step + 0.01))
            found.append(record(clip, "av1", 10, cbr, psnr, 0.2 - 0.02 * step + 0.001 * clip))
            found.append(record(clip, "h265", 10, cbr, psnr, 0.3))
        found.append(record(clip, "semvid", 0, 4e-4, 20 + clip, 0.5, cbr=9e-4 if clip == 2 else 4e-4))
        found.append(record(clip, "av1", 0, 4e-4, 19, 0.4))
        found.append(record(clip, "h265", 0, 4e-4, 0, 0, failed="no picture", metrics={}))
    for one in found:
        records.write(tmp_path, one.pop("name"), one)
    return tmp_path


def test_gains_have_the_sign_of_who_is_better_whatever_the_measure(folder: Path) -> None:
    results = Results.read(folder)
    by = {(c.setting.snr_db, c.setting.target, c.rival, c.measure): c for c in losses.comparisons(results)}
    psnr, lpips = by[10, 4e-4, "av1", "psnr_db"], by[10, 4e-4, "av1", "lpips"]
    assert (psnr.gain.mean, psnr.wins) == (pytest.approx(2), 3)
    assert (lpips.gain.mean, lpips.wins) == (pytest.approx(-0.009), 0)
    (negative,) = losses.negative_results(results)
    assert any(row[1:3] == ["av1", "LPIPS"] for row in negative.rows)
    assert not any(row[1:3] == ["av1", "PSNR, dB"] and "10 dB" in row[0] for row in negative.rows)


def test_what_is_over_budget_is_told_and_not_compared(folder: Path) -> None:
    results = Results.read(folder)
    assert sum(map(over_budget, results.records)) == 1
    at_zero = next(table for table in overview.by_conditions(results) if table.title.startswith("AWGN 0 dB"))
    rows = {row[0]: row for row in at_zero.rows}
    assert rows["semvid"][1:3] == ["3 of 3", "**1**"]
    assert rows["h265"][1:4] == ["0 of 3", "0", "failed"]
    compared = [c for c in losses.comparisons(results) if c.setting.snr_db == 0 and c.rival == "av1"]
    assert {c.gain.count for c in compared} == {2}
    text = "\n".join(table.markdown() for table in losses.paired(results))
    assert "semvid 2, rival 0" in text  # against h265, which failed everywhere


def test_half_the_symbols_at_equal_quality(folder: Path) -> None:
    results = Results.read(folder)
    (link,) = bjontegaard_table.links(results)
    for way in ("pchip", "akima", "cubic"):
        found = bjontegaard_table.rate_differences(results, link, "av1", "psnr_db", way)
        assert found == pytest.approx([-50] * 3, abs=0.5)
    found = bjontegaard_table.rate_differences(results, link, "av1", "lpips", "pchip")
    assert all(difference > 0 for difference in found)
    # h265's LPIPS never improves: no curve, no number
    assert bjontegaard_table.rate_differences(results, link, "h265", "lpips", "pchip") == []


def test_failures_absences_and_published_values_are_shown(folder: Path) -> None:
    results = Results.read(folder)
    failures = overview.failures(results)
    assert failures.rows[0][0] == "h265"
    assert failures.rows[0][4] == "no picture"
    absent = overview.absences(results)
    assert absent.rows == [["dists", "45", "no weights"]]
    (published,) = paper_table.published(results)
    assert published.rows[0][3:6] == ["24.9", "semvid", "21 (3 clips)"]
    assert "everything" in published.note
    shares = overview.class_shares(results.records)
    assert shares == {"keyframe": 0.9, "pilot": 0.1}


def test_documents_and_plots_are_written_and_self_contained(folder: Path) -> None:
    written = write_report(folder)
    assert {path.name for path in written} >= {
        "report.md", "report.html", "quality_by_cbr.png", "quality_by_snr.png", "cliff.png", "symbols.png",
        "rate_differences.png",
    }  # fmt: skip
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 5
    assert 'src="http' not in page
    assert "<script" not in page
    for table in tables_of(Results.read(folder)):
        assert all(len(row) == len(table.header) for row in table.rows)


def test_what_the_machine_failed_at_is_told_and_charged_to_nobody(folder: Path) -> None:
    one = record(0, "av1", 10, 4e-4, 0, 0, failed="OSError: disk full", metrics={}, environment=True)
    records.write(folder, one.pop("name"), one)
    results = Results.read(folder)
    at_ten = next(
        table for table in overview.by_conditions(results) if "10 dB, CBR at most 0.0004" in table.title
    )
    assert next(row for row in at_ten.rows if row[0] == "av1")[1] == "2 of 2"
    assert not any(row[0] == "av1" for row in overview.failures(results).rows)
    not_run = overview.not_run(results)
    assert not_run.rows == [["av1", "demo:0", "AWGN 10 dB, CBR at most 0.0004", "OSError: disk full"]]


def test_texts_of_records_cannot_break_the_page(folder: Path) -> None:
    one = record(0, "av1", 10, 4e-4, 0, 0, failed="<b onclick='x'>&", metrics={})
    records.write(folder, one.pop("name"), one)
    write_report(folder)
    page = (folder / "report.html").read_text()
    assert "&lt;b onclick=&#39;x&#39;&gt;&amp;" in page
    assert "<b onclick" not in page


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no sweep"):
        Results.read(tmp_path)
    records.start(tmp_path, parse_set(SET, "here"), {})
    with pytest.raises(InvalidInput, match="holds no record"):
        Results.read(tmp_path)


def test_the_reference_is_compared_with_the_better_of_both_rivals(folder: Path) -> None:
    """h265 needs half of what av1 does on one clip: the hull there is its curve, semvid's saving is gone."""
    for step, cbr in enumerate((1e-4, 2e-4, 4e-4, 8e-4)):
        better = record(1, "h265", 10, cbr, 0, 0.2 - 0.02 * step - 0.02)
        records.write(folder, better.pop("name"), better)
        for clip in (0, 1):
            ours = record(clip, "semvid", 10, cbr, 0, 0.2 - 0.02 * step - 0.01)
            records.write(folder, ours.pop("name"), ours)
    results = Results.read(folder)
    (link,) = bjontegaard_table.links(results)
    found = best_rival.differences(results, link, "lpips")
    alone = bjontegaard_table.rate_differences(results, link, "av1", "lpips", "pchip")
    assert found["demo:0"] == pytest.approx(alone[0], abs=0.1)
    assert found["demo:0"] < 0
    assert found["demo:1"] == pytest.approx(100 * (2**0.5 - 1), abs=0.5)
    assert found["demo:2"] is not None
    assert found["demo:2"] > 5  # 0.01 worse than av1, as it was
    (table,) = [one for one in tables_of(results) if "better of av1 and h265" in one.title]
    rows = {row[1]: row[2] for row in table.rows}
    mean = sum(value or 0 for value in found.values()) / 3
    assert rows["**mean**"] == f"**{mean:+.1f}** (3 of 3)"
    assert rows["**clips above +5 %**"] == "**2** of 3"
    write_report(folder)
    written = json.loads((folder / "run.json").read_text())
    lpips = written["against_the_better_of"]["bd_rate"]["AWGN 10 dB"]["lpips"]
    assert lpips["percent_by_clip"] == pytest.approx(found)
    assert (lpips["mean_percent"], lpips["clips_above_5_percent"]) == (pytest.approx(mean), 2)
    assert Results.read(folder).chosen == results.chosen


def test_a_sweep_without_the_strong_rivals_has_no_such_table(folder: Path) -> None:
    records.start(folder, parse_set(SET.replace('"av1", "h265"', '"h264"'), "here"), {})
    results = Results.read(folder)
    assert best_rival.table(results).rows == []
    assert best_rival.summary(results)["bd_rate"] == {}
