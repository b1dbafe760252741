"""The GPU override of the compose file: what compose makes of both files together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = ("-f", "docker-compose.yml", "-f", "docker-compose.gpu.yml")


def compose() -> list[str]:
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("needs `docker compose` or `docker-compose`; no engine")


def merged(**environment: str) -> dict[str, Any]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("SEMVID_", "HF_"))}
    done = subprocess.run(
        [*compose(), *FILES, "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**settings, **environment},
    )
    assert done.returncode == 0, done.stderr
    return dict(yaml.safe_load(done.stdout))


def test_compose_merges_both_files_with_working_defaults() -> None:
    services = merged()["services"]
    asked_for = {name for name, service in services.items() if not service.get("profiles")}
    assert asked_for == {"transmitter", "channel", "receiver"}
    receiver, transmitter = services["receiver"], services["transmitter"]
    assert receiver["environment"]["SEMVID_RECEIVER_DECODER"].startswith("hf:")
    assert receiver["environment"]["SEMVID_RECEIVER_LINK_ADDRESS"] == "0.0.0.0:50062"  # of the first file
    assert transmitter["environment"]["SEMVID_TRANSMITTER_MLLM"].startswith("hf:")
    for service, name in ((receiver, "receiver"), (transmitter, "transmitter")):
        assert service["build"]["target"] == f"{name}-gpu"
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["device_ids"], device["capabilities"]) == ("nvidia", ["0"], ["gpu"])
        assert "model-cache" in json.dumps(service["volumes"])
        assert "127.0.0.1" in json.dumps(service["ports"])
    assert "deploy" not in services["channel"]
    assert services["channel"]["build"]["target"] == "channel"


def test_models_and_cards_come_from_the_environment() -> None:
    services = merged(
        SEMVID_RECEIVER_DECODER="hf:/models/wan", SEMVID_RECEIVER_GPU="1", HF_HUB_OFFLINE="1",
        SEMVID_TRANSMITTER_MLLM="embedded",
    )["services"]  # fmt: skip
    assert services["receiver"]["environment"]["SEMVID_RECEIVER_DECODER"] == "hf:/models/wan"
    assert services["receiver"]["environment"]["HF_HUB_OFFLINE"] in ("1", 1)
    (device,) = services["receiver"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["device_ids"] == ["1"]
    assert services["transmitter"]["environment"]["SEMVID_TRANSMITTER_MLLM"] == "embedded"


def test_its_images_are_targets_that_the_cpu_images_do_not_pass_through() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    parents = {name: parent for parent, name in stages}
    assert parents["receiver-gpu"] == parents["transmitter-gpu"] == "models"
    order = [name for _, name in stages]
    # the classic builder runs every stage above its target
    assert max(order.index(name) for name in ("transmitter", "channel", "receiver")) < order.index("models")
    override = (ROOT / "docker-compose.gpu.yml").read_text()
    assert set(re.findall(r"target: (\S+) }", override)) <= set(order)
