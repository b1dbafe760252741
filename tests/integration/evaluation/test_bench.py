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

from tests.synthetic_clip import write_clip

OWN = '''
import os
import time
from pathlib import Path
import numpy as np
from evaluation.method import Outcome
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder


class HoldFirst:
    """The first frame as an AV1 picture, at 2 bits a symbol, held to the end."""

    name = "hold-first"

    def run(self, clip, conditions, target_cbr, folder):
        source = clip.source
        with KeyframeEncoder(source.width, source.height, 60, preset=8) as encoder:
            ((coded,),) = encoder.push(clip.pictures[0]) or encoder.finish()
        packet = coded.packet
        picture = KeyframeDecoder(source.width, source.height).decode(packet)
        symbols = len(packet) * 4
        return Outcome(lambda: iter([picture] * len(clip.pictures)), {"keyframe": symbols}, symbols, [0])


class Slow(HoldFirst):
    def run(self, clip, conditions, target_cbr, folder):
        if conditions.snr_db > 5 and "HURRY" not in os.environ:
            time.sleep(60)
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
        os._exit(3)


class NeedsFile(HoldFirst):
    def run(self, clip, conditions, target_cbr, folder):
        Path(os.environ["NEEDED"]).read_bytes()
        return super().run(clip, conditions, target_cbr, folder)
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

    def arguments(methods: list[str], clip: str = "demo:0", *more: str, snr_db: str = "10") -> list[str]:
        names = ", ".join(f'"{method}"' for method in methods)
        (tmp_path / "set.toml").write_text(SET.format(methods=names, clip=clip, snr_db=snr_db))
        out = str(tmp_path / "out")
        tail = ["--set", str(tmp_path / "set.toml"), "--out", out, "--workers", "1", *more]
        return [sys.executable, "-m", "console.cli", "bench", "run", *tail]

    return arguments


def environment(tmp_path: Path) -> dict[str, str]:
    root = Path(__file__).parents[3]
    return {**os.environ, "PYTHONPATH": f"{root}:{tmp_path}", "NEEDED": str(tmp_path / "needed")}


def records(tmp_path: Path) -> dict[tuple[str, float], dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in (tmp_path / "out" / "cells").glob("*.json")]
    return {(record["method"], record["snr_db"]): record for record in found}


def run(command: list[str], tmp_path: Path, **variables: str) -> str:
    told = environment(tmp_path) | variables
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def at_the_slow_cell(command: list[str], tmp_path: Path, before: int) -> subprocess.Popen[str]:
    """A sweep that has ``before`` records and is at the next, which takes a minute."""
    log = (tmp_path / "log").open("w")
    sweep = subprocess.Popen(
        command, env=environment(tmp_path), stderr=log, start_new_session=True, text=True
    )
    waited = time.monotonic()
    while len(list((tmp_path / "out" / "cells").glob("[!.]*.json"))) < before:
        assert time.monotonic() - waited < 200
        assert sweep.poll() is None
        time.sleep(0.1)
    return sweep


def living(group: int) -> list[str]:
    """Processes of a session that have not ended (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == group and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGINT],  # one handler has both
)
def test_a_signal_ends_a_sweep_and_its_processes_within_seconds(
    bench: Any, tmp_path: Path, number: signal.Signals
) -> None:
    sweep = at_the_slow_cell(bench(["own:HoldFirst", "own:Slow"]), tmp_path, before=1)
    signalled = time.monotonic()
    sweep.send_signal(number)
    assert sweep.wait(30) == 1
    while living(sweep.pid) and time.monotonic() - signalled < 15:  # Python's resource tracker goes last
        time.sleep(0.1)
    assert not living(sweep.pid)
    assert time.monotonic() - signalled < 15  # the machine may be busy; the cell would take a minute
    assert f"stopped by {number.name}" in (tmp_path / "log").read_text()
    assert not (tmp_path / "out" / "scratch").exists()


def test_killed_in_the_middle_resumed_and_reported(bench: Any, tmp_path: Path) -> None:
    command = bench(["own:HoldFirst", "own:Slow"], snr_db="0, 10")
    sweep = at_the_slow_cell(command, tmp_path, before=3)
    second = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=200)
    assert second.returncode == 1
    assert "another sweep is filling this folder" in second.stderr
    os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cells").iterdir()}
    assert len(before) == 3
    clips = [path.read_bytes() for path in (tmp_path / "out" / "clips").iterdir()]

    said = run(command, tmp_path, HURRY="1")
    assert "3 cells were there, 1 done, 0 of them failed" in said
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())
    assert clips == [path.read_bytes() for path in (tmp_path / "out" / "clips").iterdir()]

    record = records(tmp_path)["own:Slow", 10.0]
    assert record["crossed"] == sum(record["symbols"].values())
    assert record["cbr"] == pytest.approx(record["crossed"] / (3 * 572 * 322 * 12))
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
    command = bench(["own:Crash", "own:Liar", "own:OneShort", "own:NeedsFile", "own:HoldFirst"])
    said = run(command, tmp_path)
    assert "5 done, 2 of them failed and are shown so, 2 could not run on this machine" in said
    found = records(tmp_path)
    assert "process died" in found["own:Crash", 10.0]["failed"]
    assert "No such file" in found["own:NeedsFile", 10.0]["failed"]
    assert "crossed the channel" in found["own:Liar", 10.0]["failed"]
    assert "11 frames are shown for the 12" in found["own:OneShort", 10.0]["failed"]
    assert not found["own:HoldFirst", 10.0]["failed"]
    report = [sys.executable, "-m", "console.cli", "bench", "report", str(tmp_path / "out")]
    run(report, tmp_path)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "process died" in text.partition("What could not run on this machine")[2]
    assert str(tmp_path) not in text

    (tmp_path / "needed").write_text("here it is")
    said = run(command, tmp_path)  # what the machine was to blame for runs again, what failed does not
    assert "3 cells were there, 2 done, 0 of them failed and are shown so, 1 could not run" in said
    assert not records(tmp_path)["own:NeedsFile", 10.0]["failed"]


def test_stills_are_kept_only_of_clips_that_may_be_shown(bench: Any, tmp_path: Path) -> None:
    write_clip(tmp_path / "mine.mp4", frames=12)
    entry = {"file": "mine.mp4", "licence": "CC-BY-4.0"}
    shown, hidden = (
        {**entry, "name": name, "may_appear_in_our_docs": allowed}
        for name, allowed in (("shown", True), ("hidden", False))
    )
    (tmp_path / "index.json").write_text(json.dumps([shown, hidden]))
    run(bench(["own:HoldFirst"], 'shown", "hidden', "--media", str(tmp_path)), tmp_path)
    made = [json.loads(path.read_text()) for path in (tmp_path / "out" / "cells").glob("*.json")]
    assert sorted((one["clip"], one["credit"]) for one in made) == [
        ("hidden", "CC-BY-4.0"),
        ("shown", "CC-BY-4.0"),
    ]
    stills = list((tmp_path / "out" / "stills").glob("*.jpg"))
    assert stills
    for path in stills:
        assert "shown" in path.name
        assert cv2.imread(str(path)).shape == (213, 384, 3)
