"""`semvid demo` with three real processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from console.demo.measure import look_at
from tests.e2e.conftest import SMALL, wait_for
from tests.synthetic_clip import write_clip

FRAMES = 40
MARK = "STARTED_BY_THE_TEST_OF"  # a variable that every process of a demo inherits
# where people are behind one; nothing listens there
PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "grpc_proxy"), "http://127.0.0.1:9") | {
    "ALL_PROXY": "socks5://127.0.0.1:9"
}


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "console.cli", "demo", *arguments, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            **PROXIES,
            "OMP_NUM_THREADS": "1",
            "TMPDIR": str(folder.parent),
            MARK: str(folder),
        },
    )


def _demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = _start(folder, *arguments)
    try:
        output, errors = process.communicate(timeout=280)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _left(folder: Path) -> list[str]:
    """Processes of the demo that wrote to ``folder``."""
    ours = f"{MARK}={folder}".encode()
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if ours in (process / "environ").read_bytes():
                left.append(process.name)
    return left


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("demo")
    write_clip(folder / "clip.mp4", 2, FRAMES, *SMALL)
    return _demo(folder / "out", str(folder / "clip.mp4"), "--json", "--seed", "2"), folder / "out"


@pytest.fixture(scope="module")
def report(finished: tuple[subprocess.CompletedProcess[str], Path]) -> dict[str, Any]:
    ended, _ = finished
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))  # fails on anything besides the report


def test_every_frame_comes_out_in_its_place(report: dict[str, Any]) -> None:
    assert report["frames_in"] == report["frames_out"] == FRAMES
    assert report["largest_time_error_s"] == 0
    assert sum(report["provenance"].values()) == FRAMES
    assert report["video_state"] == "SUCCEEDED"


def test_keyframes_frame_the_video_and_the_cut(report: dict[str, Any]) -> None:
    assert report["keyframes"][0] == 0
    assert report["keyframes"][-1] == FRAMES - 1
    assert 23 in report["keyframes"]  # the hard cut: 58 % of 40 frames belong to the first scene
    assert len(report["keyframes"]) < FRAMES / 2


def test_the_ledger_adds_up_to_the_cbr(report: dict[str, Any]) -> None:
    total = sum(report["symbols"].values())
    assert total == report["total_symbols"] > 0
    assert report["cbr"] == pytest.approx(
        total / (3 * FRAMES * report["width"] * report["height"]), rel=1e-12
    )
    assert all(report["symbols"][name] > 0 for name in ("pilot", "control", "header", "caption", "keyframe"))
    assert sum(report["bits"].values()) > 0


def test_the_measured_link_is_the_one_that_was_set(report: dict[str, Any]) -> None:
    assert report["snr_db_received"] == pytest.approx(10.0, abs=1.0)  # of one burst
    assert report["snr_db_realised"] == pytest.approx(10.0, abs=0.2)
    assert 0.5 * report["total_symbols"] < report["known_symbols"] <= report["total_symbols"]
    assert report["psnr_db"] > 20
    assert 0.4 < report["ssim"] <= 1


def test_the_files_are_there(finished: tuple[Any, Path], report: dict[str, Any]) -> None:
    _, folder = finished
    assert json.loads((folder / "report.json").read_text()) == report
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert len((folder / "frames.csv").read_text().splitlines()) == FRAMES + 1
    for name in ("reconstruction.mp4", "side_by_side.mp4"):
        assert look_at(folder / name).frame_count_hint == FRAMES
    assert {p.name for p in (folder / "logs").iterdir()} == {"receiver.log", "channel.log", "transmitter.log"}


def test_no_service_is_left_running(report: dict[str, Any], finished: tuple[Any, Path]) -> None:
    assert _left(finished[1]) == []


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_demo_that_is_stopped_leaves_nothing_running(number: signal.Signals, tmp_path: Path) -> None:
    demo = _start(tmp_path / "out")
    try:
        wait_for((tmp_path / "out" / "logs" / "transmitter.log").exists, "three services")
        assert len(_left(tmp_path / "out")) >= 4
        demo.send_signal(number)
        _, told = demo.communicate(timeout=60)
    finally:
        demo.kill()
    wait_for(lambda: not _left(tmp_path / "out"), "the end of the services", 20)
    assert demo.returncode == (-9 if number is signal.SIGKILL else 128 + number)
    if number is not signal.SIGKILL:  # after which nobody is left to remove it
        assert not list(tmp_path.glob("semvid-*"))
        assert "Traceback" not in told


def test_a_folder_of_files_goes_through_one_set_of_services(tiny_clip: Path, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("b.mp4", "a.mov"):
        (clips / name).write_bytes(tiny_clip.read_bytes())
    (clips / "notes.mp4").write_text("these are notes, not a video\n" * 100)
    (clips / "readme.txt").write_text("no video, and not taken for one")
    stale = tmp_path / "out" / "report.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    ended = _demo(tmp_path / "out", str(clips), "--json", "--seed", "2")
    assert ended.returncode == 1
    assert "1 of 3 files failed" in ended.stderr
    assert "Traceback" not in ended.stderr
    listed = json.loads(ended.stdout)
    assert [(Path(one["file"]).name, one["state"]) for one in listed] == [
        ("a.mov", "SUCCEEDED"),
        ("b.mp4", "SUCCEEDED"),
        ("notes.mp4", "FAILED"),
    ]
    assert listed[0]["report"]["symbols"] == listed[1]["report"]["symbols"]
    assert listed[2]["report"] is None
    with (tmp_path / "out" / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["folder"] for row in rows] == ["a", "b", "notes"]
    assert [row["frames_out"] for row in rows] == ["24", "24", ""]
    assert float(rows[0]["realised_snr_db"]) == pytest.approx(10, abs=0.3)
    assert (tmp_path / "out" / "b" / "report.html").is_file()
    assert not stale.exists()
    opened = (tmp_path / "out" / "logs" / "receiver.log").read_text().count("receiver serves")
    assert opened == 1


@pytest.mark.slow  # often: one such file among others above; its exit code in unit/console/test_cli.py
def test_a_file_that_is_no_video_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("these are notes, not a video\n" * 100)
    ended = _demo(tmp_path / "out", str(tmp_path / "notes.mp4"), "--json")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "error: transmitter: " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow  # often: test_snr.py for the channel, tests/unit/console/test_cli.py for the exit code
def test_a_channel_below_all_codes_is_a_failed_transmission(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", 0, 4, *SMALL)
    ended = _demo(tmp_path / "out", str(tmp_path / "clip.mp4"), "--snr-db", "-30", "--json")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
