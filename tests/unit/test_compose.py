"""What docker-compose.yml tells to the services they take, and none of it is open to the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from channel.settings import ChannelSettings
from receiver.settings import ReceiverSettings
from semvid.errors import InvalidInput
from semvid.service.settings import ServiceSettings
from transmitter.settings import TransmitterSettings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "transmitter": TransmitterSettings,
    "channel": ChannelSettings,
    "receiver": ReceiverSettings,
}


def environment(service: str) -> dict[str, str]:
    """As compose gives it to the container where its own environment has nothing to say."""
    said = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
    return {
        name: value.partition(":-")[2].rstrip("}") if "${" in value else value for name, value in said.items()
    }


@pytest.mark.parametrize("service", SETTINGS)
def test_each_service_starts_and_would_not_without_the_statement(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(service).items():
        monkeypatch.setenv(name, value)
    assert SETTINGS[service].load()
    monkeypatch.delenv(f"SEMVID_{service.upper()}_OPEN_TO_NETWORK")
    with pytest.raises(InvalidInput, match="is reached from other machines"):
        SETTINGS[service].load()


@pytest.mark.parametrize("service", SETTINGS)
def test_ports_are_published_on_loopback_and_containers_are_bounded(service: str) -> None:
    said = SERVICES[service]
    assert said["ports"]
    assert all(port.startswith("127.0.0.1:") for port in said["ports"])
    assert (said["restart"], said["cap_drop"]) == ("unless-stopped", ["ALL"])
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert said["mem_limit"]
    assert said["pids_limit"]
