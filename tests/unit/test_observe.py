"""The compose profile `observe`: what the dashboard asks for is exported, and Prometheus is let in."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from channel.metrics import ChannelMetrics
from channel.observability import make_app
from channel.settings import ChannelSettings
from receiver.metrics import ReceiverMetrics
from semvid.service.door import install_door
from semvid.service.metrics import install_metrics
from transmitter.metrics import TransmitterMetrics

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PROMETHEUS = yaml.safe_load((ROOT / "observe" / "prometheus.yml").read_text())
DASHBOARD = json.loads((ROOT / "observe" / "grafana" / "dashboards" / "semvid.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
PARTS = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}


def exported() -> dict[str, dict[str, set[str]]]:
    """Labels by metric and service."""
    found: dict[str, dict[str, set[str]]] = {}
    for service, made in (
        ("transmitter", TransmitterMetrics),
        ("channel", ChannelMetrics),
        ("receiver", ReceiverMetrics),
    ):
        registry = CollectorRegistry()
        made(registry)
        app = FastAPI()
        install_metrics(app, registry)
        TestClient(app).get("/metrics")  # the middleware is made with the first request
        for collector in set(registry._collector_to_names):
            family = next(iter(collector.describe()))  # type: ignore[attr-defined]
            labels = {*collector._labelnames, "job", "instance"}  # type: ignore[attr-defined]
            for part in PARTS[family.type]:
                extra = {"le"} if part == "_bucket" else set()
                found.setdefault(f"{family.name}{part}", {})[service] = labels | extra
    return found


EXPORTED = exported()


def test_the_dashboard_asks_for_something() -> None:
    assert len(EXPRESSIONS) > 25
    asked = set(re.findall(r"semvid_\w+", " ".join(EXPRESSIONS)))
    assert len(asked) > 20
    assert not asked - set(EXPORTED)


def test_what_is_exported_is_shown() -> None:
    asked = set(re.findall(r"semvid_\w+", " ".join(EXPRESSIONS)))
    not_shown = {name for name in EXPORTED if not name.endswith(("_sum", "_count"))} - asked
    assert not not_shown


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_labels_exist(expression: str) -> None:
    metrics = re.findall(r"(semvid_\w+)(?:\{([^}]*)\})?", expression)
    wanted = set(chain(*(group.split(", ") for group in re.findall(r"by \(([^)]*)\)", expression))))
    if not metrics:
        assert expression.startswith("up{job=~")
    for name, matchers in metrics:
        matched = dict(re.findall(r'(\w+)=~?"([^"]*)"', matchers or ""))
        services = [matched["job"]] if "job" in matched else list(EXPORTED[name])
        for service in services:
            assert wanted | set(matched) <= EXPORTED[name][service], (name, service)
        if len(EXPORTED[name]) > 1:  # two services mean different things by it, unless it is about HTTP
            assert "job" in matched or name.startswith("semvid_http_")


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))


def test_prometheus_scrapes_the_services_where_they_listen() -> None:
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in PROMETHEUS["scrape_configs"]}
    defaults = {"transmitter": "8081", "receiver": "8082", "channel": "8083"}
    assert targets == {service: [f"{service}:{port}"] for service, port in defaults.items()}
    for service in targets:
        environment = COMPOSE["services"][service]["environment"]
        host = "SEMVID_CHANNEL_HTTP_HOST" if service == "channel" else f"SEMVID_{service.upper()}_HOST"
        image = (ROOT / "Dockerfile").read_text()
        assert environment.get(host) == "0.0.0.0" or f"{host}=0.0.0.0" in image
        assert environment[f"SEMVID_{service.upper()}_ALLOWED_HOSTS"] == service


def test_a_name_that_compose_allows_may_ask() -> None:
    registry = CollectorRegistry()
    settings = ChannelSettings(
        allowed_hosts=COMPOSE["services"]["channel"]["environment"]["SEMVID_CHANNEL_ALLOWED_HOSTS"]
    )
    http = TestClient(make_app(lambda: True, registry, settings), "http://channel:8083")
    assert "semvid_http_request" in http.get("/metrics").text
    app = FastAPI()
    install_door(app, [], [], "SEMVID_CHANNEL_")
    assert TestClient(app, "http://channel:8083").get("/metrics").status_code == 421


def test_the_profile_is_optional_and_on_loopback() -> None:
    for name in ("prometheus", "grafana"):
        service = COMPOSE["services"][name]
        assert service["profiles"] == ["observe"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
        assert re.search(r":-[a-z/]+:v?\d+\.\d+\.\d+\}$", service["image"])


def test_provisioning_names_what_is_mounted() -> None:
    folder = ROOT / "observe" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    used = {
        target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
    }
    assert used == {source["uid"]}
    assert source["jsonData"]["timeInterval"] == PROMETHEUS["global"]["scrape_interval"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "semvid.yml").read_text())["providers"]
    mounts = dict(mount.split(":")[:2] for mount in COMPOSE["services"]["grafana"]["volumes"])
    assert provider["options"]["path"] == mounts["./observe/grafana/dashboards"]
