"""The table of the baseline: what is there is not sent again, what is not whole has no mean."""

from __future__ import annotations

import csv

import pytest

from evaluation.baseline.measured import Measures
from evaluation.baseline.pictures import write_picture
from evaluation.studies import baseline
from evaluation.studies.baseline import Cell
from evaluation.studies.baseline_report import Means, read, write_report

CONDITION = ("awgn", 10.0, None, 0.04)


def record(picture, **changes):
    about = {"picture": picture, "code": "av1", "model": "awgn", "snr_db": 10.0, "planned_snr_db": None}
    return {**about, "target_cbr": 0.04, "lost": False, "psnr_db": 30.0, "ms_ssim": 0.9, **changes}


def test_means_are_over_all_pictures_or_there_are_none():
    two = [record("a"), record("b", psnr_db=14.0, lost=True)]
    assert Means(two).of("av1", CONDITION, "psnr_db") == pytest.approx(22.0)
    assert Means([*two, record("c", snr_db=0.0)]).of("av1", CONDITION, "psnr_db") is None
    assert Means([two[0], record("b", failed="too small")]).of("av1", CONDITION, "psnr_db") is None
    assert Means(two).of("av1", CONDITION, "lpips") is None


def test_the_report_shows_losses_and_published_points(tmp_path):
    fixed = [record("a", snr_db=snr_db, planned_snr_db=10.0, lost=snr_db < 10) for snr_db in (8.0, 10.0)]
    write_report(tmp_path, [record("a", target_cbr=0.0374, psnr_db=27.5), *fixed])
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "| 0.0374 | **31.82** NTSCC | 27.50 |" in text
    assert "| AWGN | 0.04 | 8 | 30.00 (1) |" in text
    assert "| AWGN | 0.04 | 10 | 30.00 |" in text
    rows = list(csv.DictReader((tmp_path / "published.csv").open(encoding="utf-8")))
    assert [row["psnr_db"] for row in rows] == ["29.79", "31.82", "33.52", "34.67"]
    assert all("2112.10961" in row["source"] for row in rows)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"psnr_by_cbr.png", "cliff.png"}


def test_a_run_that_was_cut_off_goes_on(tmp_path, picture, monkeypatch):
    write_picture(tmp_path / "one.png", picture)
    cells = [Cell("awgn", 10.0, 0.08), Cell("awgn", 20.0, 0.08, planned_snr_db=10.0)]
    monkeypatch.setattr(baseline, "passes", lambda codes: [("jpeg", cells[:1]), ("jpeg", cells)])
    baseline.run([tmp_path / "one.png"], ["jpeg"], tmp_path / "out", Measures(), trials=10)
    first, second = read(tmp_path / "out")
    assert (first["snr_db"], second["snr_db"], second["planned_snr_db"]) == (10.0, 20.0, 10.0)
    assert first["mcs"] == second["mcs"]
    assert first["psnr_db"] == second["psnr_db"]  # the same plan, and nothing lost
    assert sum(first["symbols"].values()) == round(first["cbr"] * picture.size)
    assert "lpips" not in first
    monkeypatch.setattr(baseline, "send", None)  # nothing is sent any more
    baseline.run([tmp_path / "one.png"], ["jpeg"], tmp_path / "out", Measures(), trials=10)
    assert read(tmp_path / "out") == [first, second]
