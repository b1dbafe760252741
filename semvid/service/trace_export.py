"""Where the spans of a service go, by its settings."""

from semvid.service.tracing import NO_TRACES, Traces


def traces_to(endpoint: str, service: str) -> Traces:
    """Traces that go to an OTLP/HTTP collector; none where ``endpoint`` is empty.

    Args:
        endpoint: base of its address, such as ``http://127.0.0.1:4318``.
        service: transmitter, channel or receiver.

    Raises:
        MissingComponent: OpenTelemetry is not installed.
    """
    if not endpoint:
        return NO_TRACES
    from semvid.service.otel import collector

    return collector(endpoint, service)
