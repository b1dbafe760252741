"""The command: files in, reconstructions and a report out; refusals at the door."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from console import cli
from evaluation.baseline.__main__ import app
from evaluation.baseline.pictures import read_picture, write_picture
from semvid import errors
from semvid.images.fidelity import psnr_db

runner = CliRunner()


@pytest.fixture
def still(tmp_path, picture):
    write_picture(tmp_path / "still.png", picture)
    return tmp_path / "still.png"


def test_a_still_crosses_and_its_ledger_is_written(still, picture, tmp_path):
    arguments = [str(still), "--target-cbr", "0.08", "--trials", "10", "--code", "jpeg", "--code", "webp"]
    arguments += ["--channel", "rayleigh", "--snr-db", "30"]
    result = runner.invoke(app, [*arguments, "--seed", "7", "--out", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert json.loads(result.stdout) == report["results"]
    assert report["asked"]["conditions"] == {
        "snr_db": 30.0, "model": "rayleigh", "coherence_symbols": None, "seed": 7,
    }  # fmt: skip
    assert [one["code"] for one in report["results"]] == ["jpeg", "webp"]
    for one in report["results"]:
        shown = read_picture(tmp_path / "out" / one["reconstruction"])
        assert psnr_db(picture, shown) == pytest.approx(one["psnr_db"], abs=1e-4)
        assert sum(one["symbols"].values()) == round(one["cbr"] * picture.size) <= 0.08 * picture.size
        assert not one["lost"]


def test_what_was_lost_is_grey_and_the_table_says_so(still, tmp_path):
    arguments = [
        str(still),
        "--snr-db",
        "5",
        "--planned-snr-db",
        "10",
        "--target-cbr",
        "0.08",
        "--code",
        "jpeg",
    ]
    result = runner.invoke(app, [*arguments, "--trials", "10", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "lost: grey is shown" in result.output
    assert np.unique(read_picture(tmp_path / "out" / "still" / "jpeg.png")).tolist() == [128]


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (["nothing.png"], errors.InvalidInput, "there is no file nothing.png"),
        (["STILL", "--code", "bpg"], errors.InvalidInput, "there is no 'bpg'; choose from av1"),
        (["STILL", "--code", "h264"], errors.InvalidInput, "is a still; codes for it are av1"),
        (["text.png"], errors.UnsupportedMedia, "cannot be read as a picture; convert it to PNG"),
        (["empty"], errors.InvalidInput, "holds neither a still nor a video"),
        (["clip.mp4", "--planned-snr-db", "5"], errors.InvalidInput, "a fixed plan is for stills"),
        (["STILL", "--target-cbr", "1e-4"], errors.InvalidInput, "3 symbols hold no byte"),
    ],
)
def test_refusals_name_what_is_wrong(arguments, error, told, still, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "empty").mkdir()
    places = {name: tmp_path / name for name in ("text.png", "clip.mp4", "empty")}
    given = [str(places.get(one, one)) if one != "STILL" else str(still) for one in arguments]
    result = runner.invoke(app, [*given, "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, error)
    assert told in str(result.exception)


def test_values_out_of_range_are_refused_by_the_parser(still):
    for wrong in (["--snr-db", "900"], ["--trials", "1"], ["--mcs", "4"]):
        assert runner.invoke(app, [str(still), *wrong]).exit_code == 2


def test_the_console_hands_over(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "evaluation.baseline.__main__")  # runpy runs it anew
    monkeypatch.setattr(sys, "argv", ["semvid", "baseline", "nothing.png"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "there is no file nothing.png" in capsys.readouterr().err
