from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from console.doctor import machine, report, software
from console.doctor.finding import Finding, Verdict


def test_a_machine_that_runs_the_tests_can_run_the_demo() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", "doctor", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    assert document["demo"] is True
    findings = {finding["topic"]: finding for finding in document["findings"]}
    assert findings["codecs"]["facts"]["lacking"] == []
    assert findings["base"]["facts"]["versions"]["numpy"]
    assert findings["processor"]["facts"]["cores"] >= 1
    assert 0 < findings["memory"]["facts"]["available"] <= findings["memory"]["facts"]["total"]
    assert "HF_HUB_OFFLINE" in findings["model hub"]["found"]
    extras = {f"extra {name}" for name in ("report", "models", "rife", "faces", "ray", "eval", "eval-text")}
    assert extras | {"docker", "gpu", "disk", "python"} <= set(findings)


def test_what_the_demo_needs_makes_the_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_main_memory", lambda: (2**30, 2**29))
    finding = machine.memory()
    assert (finding.verdict, finding.remedy) == (Verdict.MISSING, "free 2.0 GiB for the three services")
    good = Finding("x", Verdict.OK, "there")
    absent = Finding("y", Verdict.ABSENT, "not there", "pip install y")
    assert report.can_run_demo([good, absent])
    assert not report.can_run_demo([good, finding])
    words = report.in_words([good, absent, finding])
    assert "-> pip install y" in words
    assert "The demo cannot run here: memory." in words


def test_a_package_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = software.metadata.version

    def version(name: str) -> str:
        if name == "diffusers":
            raise software.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(software.metadata, "version", version)
    _, models, *_ = software.extras()
    assert (models.topic, models.verdict) == ("extra models", Verdict.ABSENT)
    assert models.found.endswith("without diffusers")
    assert models.remedy == 'pip install "semvid[models]"'
    assert models.facts["versions"]["diffusers"] is None
    assert software.base().verdict is Verdict.OK


def test_a_codec_that_is_lacking_is_named_with_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_CODECS", (("libnosuch", "w", "codes keyframes"),))
    finding = software.codecs()
    assert finding.verdict is Verdict.MISSING
    assert "libnosuch (codes keyframes)" in finding.found
    assert finding.remedy.startswith("pip install")


def test_the_hub_is_looked_for_where_it_is_not_switched_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hub" / "models--a--b").mkdir(parents=True)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(software, "HUB", server.getsockname())
        finding = software.hub()
    assert (finding.verdict, finding.facts["models"]) == (Verdict.OK, ["models--a--b"])
    finding = software.hub()  # nobody listens any more
    assert finding.verdict is Verdict.ABSENT
    assert "cannot be reached" in finding.found


def test_docker_without_an_engine_is_not_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Any] = {"info": None}
    monkeypatch.setattr(software.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(software, "_output", lambda *command: answers.get(command[1]))
    assert "no engine answers" in software.docker().found
    answers |= {"info": '28.2.2 {"nvidia":{},"runc":{}}', "version": "1.29"}
    finding = software.docker()
    assert (finding.verdict, finding.facts["nvidia"], finding.facts["compose"]) == (Verdict.OK, True, "1.29")


@pytest.mark.parametrize(("gib", "card"), [(80, "80gb"), (24, "24gb"), (16, "24gb")])
def test_what_fits_on_a_card(gib: int, card: str) -> None:
    assert f"SEMVID_RECEIVER_DECODER_CARD={card}" in machine.fits(gib * 2**30)


def test_a_small_card_is_told_so() -> None:
    assert machine.fits(8 * 2**30).startswith("Too small")
