"""Prometheus metrics of the channel; labels are bounded, no transmission ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class ChannelMetrics:
    """What the channel counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.blocks = Counter("semvid_channel_blocks_total", "Bursts passed on", ["model"], registry=registry)
        self.symbols = Counter(
            "semvid_channel_symbols_total", "Symbols passed on", ["model"], registry=registry
        )
        self.return_symbols = Counter(
            "semvid_channel_return_symbols_total", "Symbols of reports passed back", registry=registry
        )
        self.lost = Counter(
            "semvid_channel_bursts_lost_total", "Bursts that a radio did not find again", registry=registry
        )
        self.open_transmissions = Gauge(
            "semvid_channel_open_transmissions", "Transmissions under way", registry=registry
        )
        self.transmissions = Counter(
            "semvid_channel_transmissions_total",
            "Transmissions ended, by gRPC status",
            ["status"],
            registry=registry,
        )
        self.block_seconds = Histogram(
            "semvid_channel_block_seconds",
            "Time to apply gain and noise to one burst",
            buckets=(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
            registry=registry,
        )
        self.backpressure_seconds = Counter(
            "semvid_channel_backpressure_seconds_total",
            "Time spent waiting for the next hop to take bursts",
            registry=registry,
        )
