"""Both experiments from clips to report, with a real model class and judges that see arithmetic."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.bench.__main__ import app
from evaluation.judges.detection import Box
from evaluation.psss import experiments, keyframes
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.video.writer import VideoWriter
from tests.models.tiny_mllm import build
from tests.unit.evaluation.synthetic import pan

FRAMES = 26  # two seconds at 12.5 a second, and one


class Eyes:
    """Brightness and its change from left to right stand for what networks see."""

    def __init__(self, _folder: Path) -> None:
        self.lpips = lambda one, other: float(np.abs(one.astype(float) - other).mean() / 255)

    def objects(self, picture: Picture) -> list[Box]:
        return [Box("block", 0.9, (float(picture[0, 0, 0] // 16), 0.0, 40.0, 40.0))]

    def embedding(self, picture: Picture) -> Any:
        found = picture[::48, ::64].astype(np.float64).ravel() + 1.0
        return found / np.linalg.norm(found)

    def classes(self, picture: Picture) -> Any:
        found = picture.mean(axis=(0, 1)) + 1.0
        return found / found.sum()

    def depth(self, picture: Picture) -> Any:
        return picture.mean(axis=2)

    def flow(self, one: Picture, other: Picture) -> Any:
        return np.full((2, 240, 424), other.mean() - one.mean(), np.float32)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    entries = []
    for name, pixels, label in (("slow", 1, "crawling"), ("fast", 4, ""), ("short", 1, "")):
        frames = pan(FRAMES if name != "short" else 12, pixels, 104, 60)
        with VideoWriter(folder / f"{name}.mp4", 104, 60, Fraction(2, 25), crf=6) as writer:
            for index, picture in enumerate(frames):
                writer.append(picture, index)
        entries.append({"name": name, "file": f"{name}.mp4", "label": label, "hard_cuts": []})
    (folder / "index.json").write_text(json.dumps(entries))
    return folder


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "Eyes", Eyes)
    monkeypatch.setattr(keyframes, "COUNTS", (3, 4))
    monkeypatch.setattr("evaluation.psss.piece.AREA", 104 * 60)
    monkeypatch.setattr("evaluation.psss.piece.SPACING_S", 0.4)  # six candidates


@pytest.mark.tiny_models
def test_a_real_model_class_remakes_both(media: Path, tmp_path: Path) -> None:
    model = f"hf:{build('qwen2_5_vl', tmp_path / 'model')}"
    out = tmp_path / "psss.json"
    arguments = ["--media", str(media), "--judges", str(tmp_path), "--out", str(out), "--mllm", model]
    result = CliRunner().invoke(app, ["psss", *arguments])
    assert result.exit_code == 0, result.output
    made = json.loads(out.read_text())
    assert made["provenance"]["mllm"].startswith("hf:")
    assert {record["clip"] for record in made["keyframes"]} == {"slow", "fast"}  # the third is too short
    assert {record["clip"] for record in made["replacement"]} == {"slow", "fast", "short"}
    sent = [record for record in made["keyframes"] if record["way"] == "link"]
    assert {record["chooser"] for record in sent} == {"psss", *keyframes.RIVALS}
    assert all(record["measures"]["symbols"] > 100 for record in sent)
    for record in made["keyframes"]:
        assert len(record["keyframes"]) == record["count"]
        assert ("nearest_class" in record["measures"]) == (record["clip"] == "slow")
    assert set(made["verdicts"].values()) <= {"yes", "partly", "no"}
    assert "Does the score mean anything?" in out.with_suffix(".md").read_text()
    assert sorted(path.name for path in tmp_path.glob("psss*")) == ["psss.json", "psss.md"]


def test_a_run_that_was_stopped_goes_on_with_the_next_clip(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*clips: str) -> None:
        out = tmp_path / "psss.json"
        experiments.run(media, tmp_path, "embedded", clips, 10.0, out, "command", lambda _: None)

    measured: list[str] = []
    measure = keyframes.measure

    def counted(piece: Any, *more: Any) -> list[dict[str, Any]]:
        if measured:
            raise KeyboardInterrupt
        measured.append(piece.name)
        return measure(piece, *more)

    monkeypatch.setattr(keyframes, "measure", counted)
    with pytest.raises(KeyboardInterrupt):
        run()
    run(measured[0])  # nothing is left to measure of it
    assert {one["clip"] for one in json.loads((tmp_path / "psss.json").read_text())["keyframes"]} == set(
        measured
    )


def test_what_is_not_there_is_named(media: Path, tmp_path: Path) -> None:
    def run(folder: Path, *clips: str) -> None:
        experiments.run(folder, tmp_path, "embedded", clips, 10.0, tmp_path / "o.json", "c", lambda _: None)

    with pytest.raises(InvalidInput, match="--clip gone"):
        run(media, "gone")
    with pytest.raises(InvalidInput, match=r"holds no index\.json"):
        run(tmp_path)
    with pytest.raises(InvalidInput, match="two seconds without a cut"):
        run(media, "short")
