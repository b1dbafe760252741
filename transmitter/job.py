"""One transmission of this process: what is kept of it, and what followers of it are told."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semvid.service.events import EventLog
from transmitter.live.stream import LiveStream
from transmitter.store import JobRecord, State

_PROGRESS_EVERY_S = 0.1


@dataclass
class Job(JobRecord):
    """One transmission of this process.

    Attributes:
        folder: of its upload and its semantics.
        upload: the source file; kept after the job is over while `JobQueue` has room for it.
        waiting_since: Unix time since which it waits for its turn, seconds.
        on_air: the first symbol of this attempt is sent; from there on a failure is final.
        live: the source, where it is a live one that this process has at hand; not after a restart.
    """

    folder: Path = field(kw_only=True)
    events: EventLog = field(default_factory=EventLog)
    waiting_since: float = field(default_factory=time.time)
    on_air: bool = False
    live: LiveStream | None = None
    _last_event: float = 0.0

    @property
    def upload(self) -> Path:
        """Where the source lies."""
        return self.folder / "upload"

    @property
    def is_live(self) -> bool:
        """Whether its source is a live one, which cannot be sent again; `upload` is its beginning at most."""
        return bool(self.source.get("live"))

    def resource(self) -> dict[str, Any]:
        """The job as the REST interface shows it."""
        waits = self.state is State.ACCEPTED and self.not_before > 0
        return {
            "id": self.id,
            "state": self.state.value,
            "stage": self.stage,
            "progress": round(self.progress, 4),
            "created_at": self.created_at,
            "error": self.error,
            "attempts": self.attempts,
            "retry_at": datetime.fromtimestamp(self.not_before, UTC).isoformat("T", "seconds")
            if waits
            else None,
            "retry_reason": self.reason,
            "source": self.source,
            "options": self.options.model_dump(mode="json"),
            **self.facts,
            **({} if self.live is None else {"live": self.live.resource()}),
        }

    def advance(self, stage: str, progress: float, **facts: Any) -> None:
        """Notes progress; events are limited to a few a second, state changes are always told."""
        self.stage, self.progress = stage, progress
        self.facts.update(facts)
        now = time.monotonic()
        if now - self._last_event >= _PROGRESS_EVERY_S:
            self._last_event = now
            self.events.publish("progress", self._event())

    def tell(self) -> None:
        """Tells the state to whoever follows the events."""
        self.events.publish("state", self._event())
        if self.state.final:
            self.events.close()

    def _event(self) -> dict[str, Any]:
        shown = ("cbr", "total_symbols", "snr_db", "keyframes")
        return {
            "state": self.state.value,
            "stage": self.stage,
            "progress": round(self.progress, 4),
            **{name: self.facts[name] for name in shown if name in self.facts},
            **({"error": self.error} if self.error else {}),
        }
