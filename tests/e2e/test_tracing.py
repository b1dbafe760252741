"""One trace from the upload to the MP4, as a collector gets it from three processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e.conftest import running


class Collector:
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []  # service and span
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportTraceServiceRequest.FromString(
                    self.rfile.read(int(self.headers["Content-Length"]))
                )
                assert self.path == "/v1/traces"
                for resource in request.resource_spans:
                    attributes = {a.key: a.value.string_value for a in resource.resource.attributes}
                    for scope in resource.scope_spans:
                        collector.spans += [(attributes["service.name"], span) for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever)
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


def test_one_trace_from_upload_to_mp4(collector: Collector, tmp_path: Path, tiny_clip: Path) -> None:
    endpoints = {f"SEMVID_{s}_OTEL_ENDPOINT": collector.url for s in ("TRANSMITTER", "CHANNEL", "RECEIVER")}
    with running(tmp_path, **endpoints) as trio:
        job = trio.transmit(tiny_clip)
        assert job["state"] == "SUCCEEDED"
        video = trio.video(str(job["id"]))
        assert video["state"] == "SUCCEEDED"  # a transmission succeeds when its video is made

    assert len({span.trace_id for _, span in collector.spans}) == 1
    by_name: dict[str, list[Any]] = {}
    for service, span in collector.spans:
        by_name.setdefault(f"{service.removeprefix('semvid-')}: {span.name}", []).append(span)
    parents = {
        "transmitter: upload": None,
        "transmitter: examine": "transmitter: upload",
        "transmitter: queue wait": "transmitter: upload",
        "transmitter: attempt": "transmitter: upload",
        "transmitter: probe": "transmitter: attempt",
        "transmitter: load model": "transmitter: attempt",
        "transmitter: plan": "transmitter: attempt",
        "transmitter: analyse": "transmitter: attempt",
        "transmitter: encode": "transmitter: attempt",
        "transmitter: ship": "transmitter: attempt",
        "transmitter: burst": "transmitter: ship",
        "transmitter: wait for the receiver": "transmitter: attempt",
        "channel: channel": "transmitter: attempt",
        "receiver: receive": "channel: channel",
        "receiver: decode": "receiver: receive",
        "receiver: finish": "receiver: receive",
        "receiver: regenerate": "receiver: receive",
        "receiver: write MP4": "receiver: receive",
    }
    assert set(by_name) == set(parents)
    ids = {span.span_id: name for name, spans in by_name.items() for span in spans}
    for name, parent in parents.items():
        assert {ids.get(span.parent_span_id) for span in by_name[name]} == {parent}, name
        assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in by_name[name])
    once = [
        name
        for name in parents
        if name.split(": ")[1] in ("upload", "attempt", "channel", "receive", "write MP4")
    ]
    assert all(len(by_name[name]) == 1 for name in once)
    assert len(by_name["receiver: decode"]) == job["bursts_sent"]
    attributes = {a.key: a.value for a in by_name["receiver: write MP4"][0].attributes}
    assert attributes["semvid.frames"].int_value == 24
