"""What the transmitter counts for Prometheus. Labels are bounded; ids never become labels."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_WAIT_S = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400)


class TransmitterMetrics:
    """Counters of one service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.finished = Counter(
            "semvid_transmissions_total", "Transmissions ended", ["state"], registry=registry
        )
        self.running = Gauge("semvid_transmissions_running", "Transmissions under way", registry=registry)
        self.waited = Histogram(
            "semvid_queue_wait_seconds",
            "From acceptance, or from the end of the attempt before, to the beginning of an attempt",
            buckets=_WAIT_S,
            registry=registry,
        )
        self._waiting = Gauge("semvid_transmissions_waiting", "Transmissions in the queue", registry=registry)
        self._oldest = Gauge(
            "semvid_queue_oldest_seconds", "How long the oldest of them has waited", registry=registry
        )
        self._symbols = Counter("semvid_channel_symbols_total", "Channel uses", ["class"], registry=registry)
        self._back = Counter(
            "semvid_return_symbols_total", "Symbols of reports that came back", registry=registry
        )
        self._bursts = Counter("semvid_bursts_sent_total", "Bursts sent", registry=registry)
        self._again = Counter(
            "semvid_retransmissions_total", "Bursts that repeated one of the same block", registry=registry
        )
        self._blocks = Counter("semvid_blocks_sent_total", "Blocks, without repetitions", registry=registry)
        self._lost = Counter(
            "semvid_blocks_lost_total", "Blocks of which a part never arrived", registry=registry
        )

    def watch_queue(self, waiting: Callable[[], int], oldest_s: Callable[[], float]) -> None:
        """Asks these whenever the metrics are read."""
        self._waiting.set_function(lambda: float(waiting()))
        self._oldest.set_function(oldest_s)

    def count_attempt(self, facts: dict[str, Any]) -> None:
        """Adds what one attempt cost, by its job's facts, however it ended."""
        for name, count in facts.get("symbols", {}).items():
            self._symbols.labels(name).inc(count)
        self._back.inc(facts.get("return_link", {}).get("symbols", 0))
        for counter, name in (
            (self._bursts, "bursts_sent"),
            (self._again, "retransmissions"),
            (self._blocks, "blocks_sent"),
            (self._lost, "blocks_lost"),
        ):
            counter.inc(facts.get(name, 0))
