"""`semvid calibrate` against running services, and `semvid send` with the file that it wrote."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Trio, running

PROGRAM = Path(__file__).parents[1] / "programs" / "bridge.py"


@pytest.fixture(scope="module")
def generative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """A trio whose decoder bridges long gaps on its own, so that meaning alone decides on keyframes."""
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(PROGRAM))}"
    decoder = f"command:frame_grid=4 {program} {{start}} {{end}} {{output}} {{frames}}"
    folder = tmp_path_factory.mktemp("generative")
    with running(folder, SEMVID_RECEIVER_DECODER=decoder) as trio:
        yield trio


def semvid(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "semvid", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_a_file_gives_the_cbr_that_it_promises(generative: Trio, tiny_clip: Path, tmp_path: Path) -> None:
    target = generative.transmit(tiny_clip, json.dumps({"quality": 55, "threshold": 0.5}))["cbr"]
    path = tmp_path / "mine.json"
    done = semvid(
        "calibrate", tiny_clip, "--target-cbr", f"{target:.3g}", "--quality", "55",
        "--transmitter", generative.transmitter, "--out", path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = json.loads(path.read_text())
    calibration = written["calibration"]
    assert calibration["cbr"] == pytest.approx(target, rel=0.03)
    assert len({cbr for _, cbr in calibration["trials"]}) > 1, "the threshold decides nothing"
    assert [clip["name"] for clip in calibration["clips"]] == ["tiny.mp4"]
    done = semvid(
        "send", tiny_clip, "--calibration", path, "--transmitter", generative.transmitter, "--snr-db", "10"
    )
    assert done.returncode == 0, done.stderr
    job = json.loads(done.stdout)
    assert job["options"]["threshold"] == written["options"]["threshold"]
    assert job["options"]["quality"] == 55
    assert job["cbr"] == pytest.approx(calibration["cbr"], rel=0.02)  # the channel's noise is another one


def test_a_target_out_of_reach_says_what_is(trio: Trio, tiny_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    done = semvid(
        "calibrate",
        tiny_clip,
        "--target-cbr",
        "1e-5",
        "--transmitter",
        trio.transmitter,
        "--out",
        path,
    )
    assert done.returncode == 2
    assert "--target-cbr of `semvid send`" in done.stderr.replace("\n", " ")
    assert not path.exists()
