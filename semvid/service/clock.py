"""Seconds by stage of one piece of work."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageClock:
    """Adds up wall-clock seconds by stage; stages may run in different threads at once.

    Args:
        seconds: to go on from.

    Attributes:
        seconds: by stage, growing.
    """

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self._lock = threading.Lock()
        self.seconds = {} if seconds is None else seconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block and adds it to ``name``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.spend(name, time.perf_counter() - started)

    def spend(self, name: str, seconds: float) -> None:
        """Adds ``seconds`` that were measured elsewhere to ``name``."""
        with self._lock:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + seconds, 6)
