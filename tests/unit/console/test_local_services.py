from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console import local_services
from console.local_services import ServiceProcess, require_ours
from semvid.errors import InvalidInput, LinkFailed
from semvid.safe_path import ROOT

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
    """A current folder with a user's own channel.py, numpy.py, ..., and a checkout called semvid."""
    for name in ("channel.py", "receiver.py", "transmitter.py", "numpy.py", "typer.py", "console.py"):
        (tmp_path / name).write_text(SHADOWS)
    (tmp_path / "semvid").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_current_folder_shadows_no_service(crowded: Path) -> None:
    settings = {"PYTHONPATH": f":{ROOT}:.", "SEMVID_CHANNEL_SNR_DB": "900"}
    process = ServiceProcess("channel", settings, crowded / "channel.log")
    with pytest.raises(LinkFailed, match="SNR_DB"):
        process.wait_until(lambda: False, timeout_s=60)
    process.stop()


@pytest.mark.parametrize(
    ("command", "python_path"),
    [
        (["-m", "semvid"], ROOT),
        (["-P", "-m", "console"], ROOT),
        # as the script that pip installs
        (
            ["-P", "-c", "from console.__main__ import main; main()"],
            f"{ROOT}:",
        ),
    ],
)
def test_semvid_serve_takes_the_service_that_is_installed(
    crowded: Path, command: list[str], python_path: str
) -> None:
    ended = subprocess.run(
        [sys.executable, *command, "serve", "channel"],
        env={**os.environ, "PYTHONPATH": python_path, "SEMVID_CHANNEL_SNR_DB": "900"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "current folder" not in ended.stderr
    assert "SNR_DB" in ended.stderr
    assert ended.returncode == 2


def test_what_only_has_the_name_of_a_service_is_refused(
    crowded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_ours("transmitter")
    monkeypatch.setattr(sys, "path", [str(crowded), *sys.path])
    monkeypatch.delitem(sys.modules, "transmitter", raising=False)
    with pytest.raises(InvalidInput, match=r"transmitter\.py in the place of semvid's own"):
        require_ours("transmitter")


def test_a_service_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    """And what it started with it, even where SIGTERM is ignored."""
    (tmp_path / "stubborn.py").write_text(
        "from semvid.service import lifeline\nlifeline._GRACE_S = 0.3\nlifeline.follow_starter()\n" + STUBBORN
    )
    start = (
        "import sys, time; from pathlib import Path; from console.local_services import ServiceProcess; "
        f"settings = {{'PYTHONPATH': '{tmp_path}:{ROOT}'}}; "
        "print(ServiceProcess('stubborn', settings, Path('log')).pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", start],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    service = int(starter.stdout.readline())
    deadline = time.monotonic() + 20
    while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text():
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.02)
    child = int((tmp_path / "pids").read_text())
    assert _runs(service)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    while _runs(service) or _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def testfree_ports_are_different_and_bindable() -> None:
    ports = local_services.free_ports(8)
    assert len(set(ports)) == 8
    for port in ports:
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
