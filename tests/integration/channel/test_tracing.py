"""A trace goes through the channel, whether it adds to it or not; nothing else of the metadata does."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from semvid.service.otel import OtelTraces

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


async def passed(air, parent, traces=None):
    """The metadata that the receiver sees of a transmission of one burst."""
    async with (
        air.FakeReceiver() as receiver,
        air.RunningChannel(receiver.target, traces) as channel,
        air.Sender(channel.target, metadata=(("traceparent", parent), ("x-secret", "1"))) as sender,
    ):
        await sender.start()
        await sender.exchange(air.qpsk(64))
        await sender.finish()
        await sender.error()  # the status, which leaves once the channel's span has ended
    return receiver.metadata[0]


def test_a_channel_without_traces_hands_it_on(air):
    metadata = asyncio.run(passed(air, PARENT))
    assert metadata["traceparent"] == PARENT
    assert "x-secret" not in metadata


@pytest.mark.parametrize("parent", ["hello", PARENT + "-and-more"])
def test_what_is_no_traceparent_stays_here(air, parent):
    assert "traceparent" not in asyncio.run(passed(air, parent))


def test_a_channel_with_traces_puts_its_span_in_between(air):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    metadata = asyncio.run(passed(air, PARENT, OtelTraces(provider)))
    (span,) = exporter.get_finished_spans()
    assert metadata["traceparent"].startswith(f"00-{TRACE}-{span.context.span_id:016x}-")
    assert span.name == "channel"
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert dict(span.attributes) == {
        "semvid.transmission_id": "t1",
        "semvid.bursts": 1,
        "semvid.symbols": 64,
    }
