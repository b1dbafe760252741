"""The services as processes, where people start them: ports that are taken, folders, signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from semvid.safe_path import ROOT


@pytest.fixture
def taken() -> Iterator[str]:
    """An address on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "{}:{}".format(*listener.getsockname())


def _start(service: str, folder: Path, **settings: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEMVID_")}
    data = {} if service == "channel" else {"DATA_DIR": str(folder / service)}
    ports = {
        "receiver": {"PORT": "0", "LINK_ADDRESS": "127.0.0.1:0"},
        "transmitter": {"PORT": "0"},
        "channel": {"LISTEN": "127.0.0.1:0"},
    }
    for name, value in {**data, **ports[service], **settings}.items():
        environment[f"SEMVID_{service.upper()}_{name}"] = value
    return subprocess.Popen(
        [sys.executable, "-P", "-m", service],
        cwd=folder,
        env={**environment, "PYTHONPATH": ROOT},
        stderr=subprocess.PIPE,
        text=True,
    )


def _refusal(process: subprocess.Popen[str]) -> str:
    """What it says; one line, and nothing else."""
    try:
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 2, told
    assert told.count("\n") == 1, told
    return told


@pytest.mark.parametrize(
    ("service", "setting"),
    [
        ("receiver", "PORT"),
        ("receiver", "LINK_ADDRESS"),
        pytest.param("transmitter", "PORT", marks=pytest.mark.slow),  # listens as the receiver does
        ("channel", "LISTEN"),
        ("channel", "HTTP_PORT"),
    ],
)
def test_a_port_that_is_taken_is_one_sentence(service: str, setting: str, taken: str, tmp_path: Path) -> None:
    value = taken.rpartition(":")[2] if setting.endswith("PORT") else taken
    told = _refusal(_start(service, tmp_path, **{setting: value}))
    assert told.startswith(f"semvid {service}: cannot listen on {taken}: ")
    assert "stop the process that has it" in told


@pytest.mark.parametrize("service", ["receiver", "transmitter"])
def test_a_folder_that_cannot_be_written_is_one_sentence(service: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = _refusal(_start(service, tmp_path, DATA_DIR=str(tmp_path / "file" / "data")))
    assert f"set SEMVID_{service.upper()}_DATA_DIR" in told
    assert str(tmp_path / "file" / "data") in told


@pytest.mark.parametrize(
    ("service", "number"), [("receiver", signal.SIGHUP), ("transmitter", signal.SIGTERM)]
)
def test_it_ends_in_good_order(service: str, number: signal.Signals, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = _start(service, tmp_path, PORT=str(port))
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert not re.search("Traceback|ERROR", told)
    assert ("receiver stopped" in told) == (service == "receiver")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"200 OK" in connection.recv(100)
    except OSError:
        return False
