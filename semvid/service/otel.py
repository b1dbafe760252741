"""Traces as OpenTelemetry has them, sent by OTLP over HTTP. The SDK reads its own ``OTEL_*`` variables.

Installed by ``pip install "semvid[otel]"``; imported only where a collector is named.
"""

from types import TracebackType
from typing import Self

from semvid import __version__
from semvid.errors import MissingComponent, SemvidError
from semvid.service.tracing import Attribute

try:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError as missing:
    raise MissingComponent(
        f'traces need {missing.name}, which is not installed; run `pip install "semvid[otel]"` or unset '
        "the setting OTEL_ENDPOINT of this service"
    ) from missing

_EXPORT_S = 3  # longest that one batch may take, at the end of the service too
_NANOSECONDS = 1_000_000_000


class OtelTraces:
    """Implements `semvid.service.tracing.Traces`.

    Args:
        provider: where spans go; it is shut down by `close`.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("semvid", __version__)

    def span(
        self, name: str, parent: str | None, began_s: float | None = None, **attributes: Attribute
    ) -> "OtelSpan":
        """Begins a span; see the protocol."""
        context = trace.set_span_in_context(trace.INVALID_SPAN if parent is None else _remote(parent))
        begun = self._tracer.start_span(
            name,
            context,
            attributes=_named(attributes),
            start_time=None if began_s is None else round(began_s * _NANOSECONDS),
        )
        return OtelSpan(self, begun)

    def close(self) -> None:
        """Sends what is left and stops."""
        self._provider.shutdown()


class OtelSpan:
    """Implements `semvid.service.tracing.Span`."""

    def __init__(self, traces: OtelTraces, span: trace.Span) -> None:
        self._traces, self._span = traces, span

    @property
    def traceparent(self) -> str:
        """Version 00 of the header (W3C Trace Context, 3.2.2)."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def child(self, name: str, began_s: float | None = None, **attributes: Attribute) -> "OtelSpan":
        """Begins a part of it."""
        return self._traces.span(name, self.traceparent, began_s, **attributes)

    def note(self, **attributes: Attribute) -> None:
        """Adds attributes."""
        self._span.set_attributes(_named(attributes))

    def end(self) -> None:
        """Ends it."""
        self._span.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: TracebackType | None
    ) -> None:
        if kind is not None:
            # the code, not the message: that may name files and quote what a model was asked
            told = error.code if isinstance(error, SemvidError) else kind.__name__
            self._span.set_status(trace.StatusCode.ERROR, told)
        self._span.end()


def collector(endpoint: str, service: str) -> OtelTraces:
    """Traces in batches to the OTLP/HTTP collector at ``endpoint``; what it does not take is dropped."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_S)
    named = {"service.name": f"semvid-{service}", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return OtelTraces(provider)


def _remote(traceparent: str) -> trace.Span:
    _, trace_id, span_id, flags = traceparent.split("-")
    return trace.NonRecordingSpan(
        trace.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16))
        )
    )


def _named(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {f"semvid.{name}": value for name, value in attributes.items()}
