"""Ten steps on two tiny clips, and what comes of them, through the receiver."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from console import cli
from evaluation.method import Conditions
from evaluation.methods.semantic import Semvid
from semvid.errors import InvalidInput
from semvid.images.finishing import RESTORATION
from semvid.images.onnx_model import digest_of
from tests.unit.evaluation.synthetic import moving_bar
from training.loop import Asked
from training.restorer import CARD, RestorerJob, train_restorer

LICENSED = '[{"file": "clip0.mp4", "licence": "CC0-1.0", "licence_certain": true}]'


@pytest.fixture(scope="module")
def made(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of ten steps."""
    out = tmp_path_factory.mktemp("out")
    (clips / "index.json").write_text(LICENSED)
    (clips / "broken.mp4").write_bytes(b"no video")
    told: list[str] = []
    job = RestorerJob(
        [clips], out, Asked(10, batch=1), "cpu", command="semvid train restorer clips --out out"
    )
    assert train_restorer(job, told.append) == out / "restorer.onnx"
    assert any(line.startswith("left out: training: broken.mp4 cannot be read") for line in told)
    return out


def test_the_card_says_how_it_was_made(made: Path) -> None:
    card = (made / CARD).read_text()
    for said in (
        "semvid train restorer clips --out out", "10 of 10 steps of 1 crops", "seed 0", "| CC0-1.0 |",
        "Kept out: clip3.", "1 sources were learned from, 1 were kept out", "| 10 |", " -> ",
    ):  # fmt: skip
        assert said in card


@pytest.mark.slow
def test_the_same_run_gives_the_same_model(clips: Path, made: Path, tmp_path: Path) -> None:
    again = train_restorer(RestorerJob([clips], tmp_path, Asked(10, batch=1), "cpu"))
    assert again.read_bytes() == (made / "restorer.onnx").read_bytes()


def test_the_receiver_shows_other_pictures_with_it(made: Path, tmp_path: Path) -> None:
    clip = moving_bar(tmp_path / "bar.mp4", 9)
    plain, restored = (
        Semvid("semvid", restorer=restorer, quality=60).run_once(clip, Conditions(10.0, seed=3), None)
        for restorer in ("none", str(made / "restorer.onnx"))
    )
    assert restored.settings["restorer"] == digest_of((made / "restorer.onnx").read_bytes())
    assert restored.settings["operating_point"]["restoration"] == RESTORATION
    assert plain.symbols["keyframe"] == restored.symbols["keyframe"]
    pairs = list(zip(plain.pictures(), restored.pictures(), strict=True))
    assert len(pairs) == 9
    assert all(a.shape == b.shape for a, b in pairs)
    assert any(not np.array_equal(a, b) for a, b in pairs)


def test_nothing_left_to_learn_from_is_refused(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="none is left to learn from"):
        train_restorer(RestorerJob([clips / "clip3.mp4"], tmp_path, Asked(1), "cpu"))


def test_the_command_line_trains(clips: Path, tmp_path: Path) -> None:
    arguments = [
        "train",
        "restorer",
        str(clips / "clip0.mp4"),
        "--out",
        str(tmp_path),
        "--steps",
        "1",
        "--batch",
        "1",
    ]
    done = CliRunner().invoke(cli.app, [*arguments, "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / "restorer.onnx")
    again = CliRunner().invoke(cli.app, [*arguments, "--resume"])
    assert again.exit_code == 0
    assert "1 of 1 steps done" in again.stderr


def test_a_wrong_path_ends_with_2_and_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["semvid", "train", "restorer", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "there is no" in " ".join(capsys.readouterr().err.split())
