"""The table of the learned code, from records."""

from __future__ import annotations

import json

import cv2

from evaluation.studies.baseline import FIXED_CBR, FIXED_SNRS_DB, NTSCC_CBRS
from evaluation.studies.jscc import MARGINS_DB, plot, rivals, text


def record(picture, code, snr_db, cbr, psnr_db, **more):
    about = {"picture": picture, "code": code, "snr_db": snr_db, "target_cbr": cbr, "psnr_db": psnr_db}
    return about | {"lost": psnr_db < 15, "ms_ssim": 0.9, "lpips": 0.2} | more


def document(tmp_path):
    av1 = [
        record("a", "av1", 10.0, cbr, 30.0, model="awgn", planned_snr_db=None) for cbr in (*NTSCC_CBRS, 0.02)
    ]
    av1 += [
        record("a", "av1", snr, FIXED_CBR, 30.0 if snr >= 10 else 12.0, model="awgn", planned_snr_db=10.0)
        for snr in FIXED_SNRS_DB
    ]
    av1 += [record("a", "av1", 10.0, FIXED_CBR, 20.0, model="rayleigh", planned_snr_db=10.0)]
    av1 += [record("c", "av1", 10.0, FIXED_CBR, 20.0, model="awgn", planned_snr_db=None)]
    lines = [json.dumps(one) for one in [*av1, record("a", "jpeg", 10.0, FIXED_CBR, 1.0, model="awgn")]]
    (tmp_path / "records.jsonl").write_text("\n".join(lines))
    ours = [
        record(picture, "jscc", 10.0, cbr, 27.0 + (picture == "b") + margin / 12, map_margin_db=margin)
        for picture in "ab"
        for cbr in NTSCC_CBRS
        for margin in MARGINS_DB
    ]
    ours += [
        record("a", "jscc", snr, FIXED_CBR, 20 + snr / 2, map_margin_db=MARGINS_DB[1])
        for snr in FIXED_SNRS_DB
        if snr != 10
    ]
    return {"records": ours, "rivals": rivals(tmp_path, "ab")}


def test_rows_are_of_the_pictures_that_they_say(tmp_path):
    table = text(document(tmp_path))
    assert "## At 10 dB, AWGN: 2 pictures" in table
    assert "| 0.0374 | 31.82 | 27.50 (-4.32) | 28.50 (-3.32) |" in table
    assert "| 0.0374 | PSNR, dB | 30.00 | 27.00 | 28.00 |" in table
    assert "| -2 | 12.00 | 100% | 19.00 | 0% |" in table
    assert "| 20 | 30.00 | 0% | 30.00 | 0% |" in table
    assert "nan" not in table


def test_the_plot_is_a_picture(tmp_path):
    plot(document(tmp_path), tmp_path / "plot.png")
    assert cv2.imread(str(tmp_path / "plot.png")).std() > 5
