"""What the receiver counts for Prometheus. Labels are bounded; ids never become labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from receiver.record import VideoRecord


class ReceiverMetrics:
    """Counters of one service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_work = Gauge("semvid_videos_in_work", "Videos received or regenerated now", registry=registry)
        self.refused = Counter(
            "semvid_transmissions_refused_total",
            "Transmissions refused or broken off",
            ["code"],
            registry=registry,
        )
        self.bursts = Counter("semvid_bursts_received_total", "Bursts received", registry=registry)
        self.symbols = Counter("semvid_symbols_received_total", "Complex symbols received", registry=registry)
        self.return_symbols = Counter(
            "semvid_return_symbols_sent_total", "Complex symbols of reports sent back", registry=registry
        )
        self._videos = Counter("semvid_videos_total", "Videos finished", ["state"], registry=registry)
        self._lost = Counter("semvid_lost_total", "What never arrived", ["what"], registry=registry)
        self._segments = Counter(
            "semvid_segments_total", "Runs of frames by provenance", ["provenance"], registry=registry
        )
        self._frames = Counter("semvid_frames_written_total", "Frames of finished videos", registry=registry)
        self._seconds = Counter("semvid_stage_seconds_total", "Time spent", ["stage"], registry=registry)

    def count_video(self, record: VideoRecord) -> None:
        """Adds up a video whose record is final."""
        self._videos.labels(record.state).inc()
        self._frames.inc(record.frames_written)
        lost = {
            "block": record.blocks_lost,
            "keyframe": record.keyframes_lost,
            "undecodable_keyframe": record.keyframes_undecodable,
            "caption": record.captions_lost,
        }
        for what, count in lost.items():
            self._lost.labels(what).inc(count)
        for provenance, count in record.segments.items():
            self._segments.labels(provenance).inc(count)
        for stage, seconds in record.seconds.items():
            self._seconds.labels(stage).inc(seconds)
