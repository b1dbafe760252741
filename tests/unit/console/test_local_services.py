from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console import local_services
from console.local_services import ServiceProcess
from semvid.errors import LinkFailed

DIES = "import sys; print('first'); sys.exit('setting X: must be positive, got -1')"
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
ignoring = "import signal, time; signal.signal(15, 1); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", ignoring])
pathlib.Path("pids").write_text(str(child.pid))
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def start(code: str, name: str = "fakeservice") -> ServiceProcess:
        (tmp_path / f"{name}.py").write_text(code)
        return ServiceProcess(name, {"PYTHONPATH": str(tmp_path)}, tmp_path / f"{name}.log")

    return start


def test_a_service_that_dies_is_reported_with_the_end_of_its_log(start) -> None:
    process = start(DIES)
    with pytest.raises(LinkFailed, match=r"(?s)fakeservice.*status 1.*setting X: must be positive, got -1"):
        process.wait_until(lambda: False, timeout_s=20)
    process.stop()


def test_a_service_that_is_never_ready_is_reported(start) -> None:
    process = start("import time; print('loading', flush=True); time.sleep(60)")
    try:
        with pytest.raises(LinkFailed, match="not ready within"):
            process.wait_until(lambda: False, timeout_s=0.3)
    finally:
        process.stop()
    with pytest.raises(LinkFailed, match="ended with status"):
        process.check()


def test_stop_ends_children_that_ignore_sigterm(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_services, "_STOP_S", 0.3)
    process = start(STUBBORN)
    try:
        process.wait_until((tmp_path / "pids").exists, timeout_s=20)
    finally:
        process.stop()
    child = int((tmp_path / "pids").read_text() or 0)
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return status != "Z"


SHADOWS = "raise SystemExit('the current folder was imported')"


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a user's own channel.py and receiver.py, and a checkout called semvid."""
    for name in ("channel.py", "receiver.py", "transmitter.py"):
        (tmp_path / name).write_text(SHADOWS)
    (tmp_path / "semvid").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_current_folder_shadows_no_service(crowded: Path) -> None:
    root = str(Path(local_services.__file__).parents[1])
    settings = {"PYTHONPATH": root, "SEMVID_CHANNEL_SNR_DB": "900"}
    process = ServiceProcess("channel", settings, crowded / "channel.log")
    with pytest.raises(LinkFailed, match="SNR_DB"):
        process.wait_until(lambda: False, timeout_s=60)


@pytest.mark.parametrize("module", ["semvid", "console"])
def test_semvid_serve_takes_the_service_that_is_installed(crowded: Path, module: str) -> None:
    root = str(Path(local_services.__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-m", module, "serve", "channel"],
        env={**os.environ, "PYTHONPATH": root, "SEMVID_CHANNEL_SNR_DB": "900"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "current folder" not in ended.stderr
    assert "SNR_DB" in ended.stderr
    assert ended.returncode == 2


def test_free_ports_are_different_and_bindable() -> None:
    ports = local_services._free_ports(8)
    assert len(set(ports)) == 8
    for port in ports:
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
