from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from receiver.decoders.command.program import run_program
from semvid.errors import SemvidError
from semvid.safe_path import ROOT

RUNNER = """
from pathlib import Path
from receiver.decoders.command.program import run_program
run_program(["sh", "-c", "echo $$ > pid; exec sleep 60"], "", Path("log"), 60, lambda: False)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent's death")
def test_a_program_does_not_outlive_a_receiver_that_is_killed(tmp_path: Path) -> None:
    runner = subprocess.Popen([sys.executable, "-c", RUNNER], cwd=tmp_path, env={"PYTHONPATH": ROOT})
    deadline = time.monotonic() + 20
    told = tmp_path / "pid"
    while not told.exists() or not told.read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    program = Path("/proc") / told.read_text().strip()
    assert program.exists()
    runner.kill()
    runner.wait()
    while program.exists() and "\nState:\tZ" not in (program / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(SemvidError, match=r"there is no such program.*No such file or directory"):
        run_program(["there is no such program"], "", tmp_path / "log", 20, lambda: False)
