"""A sweep as a user runs it: killed in the middle, resumed, reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from console.demo.clip import write_clip

OWN = '''
import time
import numpy as np
from evaluation.method import Outcome
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder


class HoldFirst:
    """The first frame as an AV1 picture, at 2 bits a symbol, held to the end."""

    name = "hold-first"

    def run(self, clip, conditions, target_cbr, folder):
        source = clip.source
        with KeyframeEncoder(source.width, source.height, 60) as encoder:
            packet = encoder.encode(clip.pictures[0]).packet
        picture = KeyframeDecoder(source.width, source.height).decode(packet)
        symbols = len(packet) * 4
        return Outcome(lambda: iter([picture] * len(clip.pictures)), {"keyframe": symbols}, symbols, [0])


class Slow(HoldFirst):
    def run(self, clip, conditions, target_cbr, folder):
        time.sleep(60 if conditions.snr_db > 5 else 0)
        return super().run(clip, conditions, target_cbr, folder)


class Liar(HoldFirst):
    def run(self, clip, conditions, target_cbr, folder):
        outcome = super().run(clip, conditions, target_cbr, folder)
        return Outcome(outcome.pictures, outcome.symbols, outcome.crossed + 1)


class OneShort(HoldFirst):
    def run(self, clip, conditions, target_cbr, folder):
        outcome = super().run(clip, conditions, target_cbr, folder)
        return Outcome(lambda: iter(clip.pictures[1:]), outcome.symbols, outcome.crossed)


class Crash(HoldFirst):
    def run(self, clip, conditions, target_cbr, folder):
        import os

        os._exit(3)
'''

SET = """
title = "tiny"
clips = ["{clip}"]
seconds = 0.5
methods = [{methods}]
reference = "own:HoldFirst"
judges = ["psnr_db", "ssim", "dists"]
[[grid]]
snr_db = [{snr_db}]
target_cbr = [1e-2]
[stills]
snr_db = [10]
target_cbr = [1e-2]
"""


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    (tmp_path / "own.py").write_text(OWN)

    def arguments(methods: list[str], clip: str = "painted:0", *more: str, snr_db: str = "10") -> list[str]:
        names = ", ".join(f'"{method}"' for method in methods)
        (tmp_path / "set.toml").write_text(SET.format(methods=names, clip=clip, snr_db=snr_db))
        out = str(tmp_path / "out")
        tail = ["--set", str(tmp_path / "set.toml"), "--out", out, "--workers", "1", *more]
        return [sys.executable, "-m", "console.cli", "bench", "run", *tail]

    return arguments


def environment(tmp_path: Path) -> dict[str, str]:
    root = Path(__file__).parents[3]
    return {**os.environ, "PYTHONPATH": f"{root}:{tmp_path}"}


def records(tmp_path: Path) -> dict[tuple[str, float], dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in (tmp_path / "out" / "records").glob("*.json")]
    return {(record["method"], record["snr_db"]): record for record in found}


def run(command: list[str], tmp_path: Path) -> str:
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_killed_in_the_middle_resumed_and_reported(bench: Any, tmp_path: Path) -> None:
    command = bench(["own:HoldFirst", "own:Slow"], snr_db="0, 10")
    log = (tmp_path / "log").open("w")
    sweep = subprocess.Popen(command, env=environment(tmp_path), stderr=log, start_new_session=True)
    waited = time.monotonic()
    while len(list((tmp_path / "out" / "records").glob("[!.]*.json"))) < 3:
        assert time.monotonic() - waited < 200
        assert sweep.poll() is None
        time.sleep(0.1)
    os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    log.close()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}
    assert len(before) == 3

    (tmp_path / "own.py").write_text(OWN.replace("sleep(60 if", "sleep(0 if"))
    said = run(command, tmp_path)
    assert "3 cells were there, 1 done, 0 of them failed" in said
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())

    record = records(tmp_path)["own:Slow", 10.0]
    assert record["crossed"] == sum(record["symbols"].values())
    assert record["cbr"] == pytest.approx(record["crossed"] / (3 * 576 * 320 * 12))
    assert 10 < record["metrics"]["psnr_db"] < 50
    assert "dists" in record["absent"]
    assert record["seed"] == 0
    assert record["versions"]["numpy"] == np.__version__
    promised = {"method", "clip", "snr_db", "channel_model", "cbr", "metrics", "commit", "settings"}
    assert promised <= record.keys()

    shown = run([sys.executable, "-m", "console.cli", "bench", "report", str(tmp_path / "out")], tmp_path)
    assert "report.html" in shown
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3  # source and two methods
    assert "http" not in page.replace("http-equiv", "")
    assert "own:HoldFirst against each rival" in (tmp_path / "out" / "report.md").read_text()


def test_failures_are_recorded_with_their_reason_and_the_sweep_goes_on(bench: Any, tmp_path: Path) -> None:
    said = run(bench(["own:Crash", "own:Liar", "own:OneShort", "own:HoldFirst"]), tmp_path)
    assert "3 of them failed" in said
    found = records(tmp_path)
    assert "process died" in found["own:Crash", 10.0]["failed"]
    assert "crossed the channel" in found["own:Liar", 10.0]["failed"]
    assert "11 frames are shown for the 12" in found["own:OneShort", 10.0]["failed"]
    assert not found["own:HoldFirst", 10.0]["failed"]
    run([sys.executable, "-m", "console.cli", "bench", "report", str(tmp_path / "out")], tmp_path)
    assert "process died" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize("allowed", [True, False])
def test_stills_are_kept_only_of_clips_that_may_be_shown(bench: Any, tmp_path: Path, allowed: bool) -> None:
    write_clip(tmp_path / "mine.mp4", frames=12)
    entry = {"name": "mine", "file": "mine.mp4", "licence": "CC-BY-4.0", "may_appear_in_our_docs": allowed}
    (tmp_path / "index.json").write_text(json.dumps([entry]))
    run(bench(["own:HoldFirst"], "mine", "--media", str(tmp_path)), tmp_path)
    stills = list((tmp_path / "out" / "stills").glob("*.jpg"))
    assert bool(stills) is allowed
    assert records(tmp_path)["own:HoldFirst", 10.0]["credit"] == "CC-BY-4.0"
    for path in stills:
        assert cv2.imread(str(path)).shape == (213, 384, 3)
