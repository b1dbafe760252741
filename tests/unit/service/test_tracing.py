"""Spans with the SDK's own exporter in memory, and what is taken from strangers."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from semvid.errors import LinkFailed
from semvid.service.otel import OtelTraces, collector
from semvid.service.trace_export import traces_to
from semvid.service.tracing import NO_TRACES, carried, traceparent_of

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(exporter: InMemorySpanExporter) -> OtelTraces:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return OtelTraces(provider)


def named(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_children_know_their_parents_by_text_alone(
    traces: OtelTraces, exporter: InMemorySpanExporter
) -> None:
    with traces.span("upload", None, transmission_id="a1") as upload:
        carried_on = upload.traceparent
        with upload.child("examine", bytes=7):
            pass
    with traces.span("attempt", carried_on) as attempt:
        attempt.note(symbols=3)
    spans = named(exporter)
    root = spans["upload"].context
    assert spans["upload"].parent is None
    for name in ("examine", "attempt"):
        parent = spans[name].parent
        assert parent is not None
        assert (parent.trace_id, parent.span_id) == (root.trace_id, root.span_id)
        assert spans[name].context.trace_id == root.trace_id
    assert dict(spans["upload"].attributes or {}) == {"semvid.transmission_id": "a1"}
    assert dict(spans["examine"].attributes or {}) == {"semvid.bytes": 7}
    assert dict(spans["attempt"].attributes or {}) == {"semvid.symbols": 3}
    head, _, flags = carried_on.rpartition("-")
    assert head == f"00-{root.trace_id:032x}-{root.span_id:016x}"
    assert int(flags, 16) & 1  # sampled


def test_a_span_may_have_begun_before(traces: OtelTraces, exporter: InMemorySpanExporter) -> None:
    began = time.time() - 5
    traces.span("queue wait", PARENT, began).end()
    span = named(exporter)["queue wait"]
    assert span.start_time == round(began * 1e9)
    assert span.end_time is not None
    assert 5e9 <= span.end_time - span.start_time < 60e9


def test_what_a_trace_that_is_not_sampled_begins_is_not_either(
    traces: OtelTraces, exporter: InMemorySpanExporter
) -> None:
    with traces.span("upload", PARENT[:-2] + "00") as span:
        assert span.traceparent.endswith("-00")
        span.child("examine").end()
    assert not exporter.get_finished_spans()


def test_errors_are_told_by_their_code(traces: OtelTraces, exporter: InMemorySpanExporter) -> None:
    def fail(error: Exception) -> None:
        with traces.span(type(error).__name__, None):
            raise error

    for error in (LinkFailed("the prompt was: a secret"), ValueError("a secret")):
        with pytest.raises(type(error)):
            fail(error)
    told = {name: span.status for name, span in named(exporter).items()}
    assert {name: one.status_code for name, one in told.items()} == dict.fromkeys(
        ("LinkFailed", "ValueError"), StatusCode.ERROR
    )
    assert {one.description for one in told.values()} == {"LINK_FAILED", "ValueError"}
    assert not any(span.events for span in exporter.get_finished_spans())


@pytest.mark.parametrize(
    "value",
    [
        "",
        "garbage",
        PARENT + "-more",
        PARENT.upper(),
        "01" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
        PARENT + "\n",
    ],
)
def test_a_malformed_traceparent_is_none(value: str) -> None:
    assert traceparent_of([("traceparent", value)]) is None


def test_a_well_formed_one_is_found_whatever_it_is_written_like() -> None:
    assert traceparent_of([("host", "x"), ("Traceparent", PARENT)]) == PARENT
    assert traceparent_of([("traceparent", PARENT.encode())]) == PARENT
    assert traceparent_of([("host", "x")]) is None
    assert traceparent_of(None) is None


def test_without_a_collector_what_others_began_is_handed_on() -> None:
    traces = traces_to("", "channel")
    assert traces is NO_TRACES
    with traces.span("channel", PARENT) as span:
        assert span.child("burst", symbols=2).traceparent == PARENT
    assert carried(PARENT) == (("traceparent", PARENT),)
    with traces.span("upload", None) as span:
        assert carried(span.traceparent) == ()


def test_a_collector_that_is_not_there_does_not_hold_up_the_end() -> None:
    traces = collector("http://127.0.0.1:9", "receiver")
    traces.span("receive", None).end()
    began = time.monotonic()
    traces.close()
    assert time.monotonic() - began < 10


def test_opentelemetry_is_imported_only_where_a_collector_is_named() -> None:
    program = (
        "import sys, transmitter.app, channel.app, receiver.app\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.sdk')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
