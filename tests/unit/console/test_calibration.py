from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from console import cli
from console.calibration import (
    CLOSE,
    HIGHEST,
    LOWEST,
    MOST_TRIALS,
    calibrate,
    find_threshold,
    with_calibration,
)
from semvid.errors import InvalidInput


@given(st.floats(1.0, 40.0), st.floats(LOWEST, HIGHEST), st.floats(0.0, 1.0))
def test_the_threshold_nearest_to_the_target_is_found(scale: float, at: float, share: float) -> None:
    """On a falling staircase, as keyframes make one."""

    def cbr(threshold: float) -> float:
        return 1e-5 * (2.0 + int(scale * (1.0 - threshold)))

    target = cbr(HIGHEST) + share * (cbr(LOWEST) - cbr(HIGHEST))
    trials = find_threshold(cbr, target)
    assert len(trials) <= MOST_TRIALS
    assert all(cbr(trial.threshold) == trial.cbr for trial in trials)
    step = 1e-5
    resolution = scale * (HIGHEST - LOWEST) / 2 ** (MOST_TRIALS - 2) * step
    assert abs(trials[0].cbr - target) <= max(step + resolution, CLOSE * 1.1 * target)


def test_a_target_out_of_reach_is_refused_with_what_is_in_reach() -> None:
    with pytest.raises(InvalidInput, match=r"CBRs of 0\.019 and 0\.0005"):
        find_threshold(lambda threshold: 0.01 * (1.05 - threshold) - 0.0005, 0.5)


class Transmitter:
    """Plays a transmitter whose CBR falls with the threshold; clips differ."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def submit(self, clip: Path, options: dict[str, Any]) -> dict[str, Any]:
        self.sent.append((clip.name, dict(options)))
        return {"id": str(len(self.sent))}

    def watch(self, job_id: str) -> dict[str, Any]:
        name, options = self.sent[int(job_id) - 1]
        cbr = (1e-4 if name == "a.mp4" else 3e-4) * (1.0 - options["threshold"])
        asked = {"mllm": "hf:x", "scoring": "direct", "search": "gallop", "prompts": "1", "questions": 7}
        return {"cbr": cbr, "asked": asked, "options": {"rule": "relative", "mcs": "auto", **options}}


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(name.encode())
    return [tmp_path / "a.mp4", tmp_path / "b.mp4"]


def test_the_file_says_how_it_was_made_and_send_takes_it(clips: list[Path], tmp_path: Path) -> None:
    transmitter = Transmitter()
    options = {"mllm": "hf:x", "quality": 50, "seed": 3}
    found = calibrate(clips, 1e-4, options, transmitter)  # type: ignore[arg-type]
    assert found["options"]["threshold"] == pytest.approx(0.5, abs=0.03)
    assert {k: found["options"][k] for k in ("mllm", "rule", "quality")} == {
        "mllm": "hf:x", "rule": "relative", "quality": 50,
    }  # fmt: skip
    made = found["calibration"]
    assert made["cbr"] == pytest.approx(1e-4, rel=CLOSE)
    assert [clip["name"] for clip in made["clips"]] == ["a.mp4", "b.mp4"]
    assert len({clip["sha256"] for clip in made["clips"]}) == 2
    assert made["asked"] == {"mllm": "hf:x", "scoring": "direct", "search": "gallop", "prompts": "1"}
    assert made["seed"] == 3

    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(found))
    threshold = found["options"]["threshold"]
    assert with_calibration(path, {"seed": 0})["threshold"] == threshold
    assert with_calibration(path, {"threshold": 0.1})["threshold"] == 0.1
    assert "quality" not in with_calibration(path, {"target_cbr": 1e-3})
    assert with_calibration(None, {"seed": 0}) == {"seed": 0}
    with pytest.raises(InvalidInput, match="made for hf:x, not for embedded"):
        with_calibration(path, {"mllm": "embedded"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "no JSON"), ("[]", "none of format"), ('{"format": 1}', "none of format"),
     ('{"format": 1, "options": {"colour": 1}}', "unknown option colour")],
)  # fmt: skip
def test_what_is_no_profile_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=complaint):
        with_calibration(path, {})
    with pytest.raises(InvalidInput, match="cannot be read"):
        with_calibration(tmp_path / "gone.json", {})


def test_calibrate_needs_clips_and_the_relative_rule(clips: list[Path]) -> None:
    with pytest.raises(InvalidInput, match="at least one clip"):
        calibrate([], 1e-4, {}, Transmitter())  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="absolute"):
        calibrate(clips, 1e-4, {"rule": "absolute"}, Transmitter())  # type: ignore[arg-type]


def test_prompts_prints_the_file(capfd: pytest.CaptureFixture[str]) -> None:
    before = list(sys.argv)
    result = CliRunner().invoke(cli.app, ["prompts"])
    assert result.exit_code == 0
    assert "{first}" in result.output
    assert "[described-once]" in result.output
    assert sys.argv == before
