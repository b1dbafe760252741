from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console import cli
from semvid import errors

runner = CliRunner()


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["semvid", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    assert isinstance(code, int | None)
    return code or 0


def test_version() -> None:
    result = runner.invoke(cli.app, ["--version"])
    assert (result.exit_code, result.output.strip()) == (0, f"semvid {metadata.version('semvid')}")


@pytest.mark.parametrize(
    "command", ["serve", "send", "fetch", "ask", "demo", "calibrate", "keys", "models", "prompts"]
)
def test_every_command_explains_itself(command: str) -> None:
    result = runner.invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--snr-db", "900"],
        ["demo", "--quality", "10"],
        ["demo", "--retransmissions", "4"],
        ["demo", "--coding", "h264"],
        ["demo", "--no-such-option"],
        ["demo", "--seed", "-1"],
        ["demo", "--candidate-spacing", "nan"],
        ["send"],
        ["fly"],
    ],
)
def test_values_out_of_range_are_refused_by_the_parser(arguments: list[str]) -> None:
    assert runner.invoke(cli.app, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["demo", "gone.mp4"], "gone.mp4"),
        (["demo", "--mcs", "28"], "0..27"),
        (["demo", "--mcs", "fast"], "'fast'"),
        (["demo", "--quality", "30", "--target-cbr", "1e-4"], "give one of them"),
        (["demo", "--keyframe-method", "skim"], "--keyframe-count"),
        (["demo", "--target-cbr", "0"], "--target-cbr"),
        (["send", "gone.mp4"], "gone.mp4"),
        (["send", "gone.mp4", "--transmitter", "nowhere"], "http://"),
        (["send", "gone.mp4", "--calibration", "gone.json"], "gone.json cannot be read"),
        (["demo", "--calibration", "gone.json"], "gone.json cannot be read"),
        (["calibrate", "gone.mp4", "--target-cbr", "1e-4"], "no file gone.mp4"),
        (["calibrate", __file__, "--target-cbr", "0"], "--target-cbr"),
        (["demo", "--task", "gone.txt"], "gone.txt cannot be read"),
        (["ask", "a", "why?", "--receiver", "nowhere"], "http://"),
        (["serve", "television"], "transmitter, channel, receiver"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(
    arguments: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(monkeypatch, *arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert told in output.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.LimitExceeded("a"), 2),
        (errors.NotFound("a"), 2),
        (errors.MissingComponent("a"), 2),
        (errors.TransmissionFailed("a"), 1),
        (errors.LinkFailed("a"), 1),
        (errors.Busy("a"), 1),
        (OSError(28, "No space left on device", "out/x"), 1),
    ],
)
def test_exit_codes(
    error: Exception,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("console.demo.run.run_demo", fail)
    assert main(monkeypatch, "demo", "--out", str(tmp_path)) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_demo_without_matplotlib_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    assert main(monkeypatch, "demo") == 2
    assert 'pip install "semvid[report]"' in capsys.readouterr().err


def test_unreachable_services_are_failures_that_say_what_to_do(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    for arguments, told in (
        (["send", str(clip), "--transmitter", "http://127.0.0.1:9"], "semvid serve transmitter"),
        (["fetch", "abc", "--receiver", "http://127.0.0.1:9"], "semvid serve receiver"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "console.cli", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert told in ended.stderr
        assert "Traceback" not in ended.stderr


def _report(**fields: Any) -> dict[str, Any]:
    return {
        "total_symbols": 5, "duration_s": 1.0, "cbr": 1e-3, "frames_in": 4, "frames_out": 4, "width": 8,
        "height": 8, "symbols_per_second": 5.0, "kbit_per_second": 0.1, "channel_model": "awgn",
        "snr_db": 10.0, "undecodable_frames": 0,
        "video_state": "SUCCEEDED", **fields,
    }  # fmt: skip


def test_the_demo_hands_over_only_what_was_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []

    def run(*arguments: Any) -> dict[str, Any]:
        seen.append(arguments)
        return _report()

    monkeypatch.setattr("console.demo.run.run_demo", run)
    arguments = [
        "demo",
        "a.mp4",
        "--channel",
        "rayleigh",
        "--coherence-symbols",
        "64",
        "--mcs",
        "9",
        "--seed",
        "5",
    ]
    assert main(monkeypatch, *arguments, "--focus", "main_object", "--out", str(tmp_path)) == 0
    ((clip, out, options, *_),) = seen
    assert options == {
        "focus": "main_object", "mcs": 9, "seed": 5,
        "channel": {"model": "rayleigh", "snr_db": 10.0, "coherence_symbols": 64, "seed": 5},
    }  # fmt: skip
    assert (clip, out) == (Path("a.mp4"), tmp_path)


@pytest.mark.parametrize("fields", [{"frames_out": 3}, {"video_state": "TRUNCATED"}])
def test_a_video_that_is_not_whole_is_a_failure(
    fields: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("console.demo.run.run_demo", lambda *_: _report(**fields))
    assert main(monkeypatch, "demo", "--json", "--out", str(tmp_path)) == 1
    assert capsys.readouterr().out.startswith("{")


def test_importing_the_command_line_is_light() -> None:
    heavy = ("torch", "matplotlib", "cv2", "numba", "av", "grpc")
    code = f"import sys, console.cli; print(*[m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert ended.stdout.strip() == ""


def test_keys_are_made_listed_and_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = ["--file", str(tmp_path / "keys")]
    made = runner.invoke(cli.app, ["keys", "new", "alice", "--per-day", "3", "--may", "send,read", *file])
    assert made.stdout.startswith("semvid_")
    assert made.stdout.strip() not in (tmp_path / "keys").read_text()
    assert runner.invoke(cli.app, ["keys", "list", *file]).stdout == "alice\t3\tread,send\n"
    assert main(monkeypatch, "keys", "new", "alice", *file) != 0
    assert main(monkeypatch, "keys", "remove", "alice", *file) == 0
    assert main(monkeypatch, "keys", "remove", "alice", *file) == 2
    assert main(monkeypatch, "keys", "new", "a/b", *file) == 2
