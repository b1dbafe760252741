"""What runs inside one Ray actor: a decoder, and one segment at a time, fetched from it in portions."""

import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from receiver.decoders import make_decoder
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from semvid.images.types import Picture
from semvid.profile import Profile

Frames = NDArray[np.uint8]  # RGB [frames, height, width, 3]


class Worker:
    """One decoder. `begin` and `take` are called by one thread, `look` and `cancel` by another.

    A segment goes out in portions, so that neither this process nor the object store ever holds more of it
    than the decoder itself does.

    Args:
        name, options: of the decoder.
    """

    def __init__(self, name: str, options: DecoderOptions) -> None:
        self._decoder = make_decoder(name, options)
        self._job = ""
        self._frames: Iterator[Picture] = iter(())
        self._progress = 0.0
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()

    def describe(self) -> tuple[Profile, bool]:
        """Profile, and whether captions are used."""
        return self._decoder.profile, self._decoder.uses_captions

    def begin(self, job: str, request: SegmentRequest) -> None:
        """Starts a segment, in place of the one before.

        Args:
            job: a name that no other segment has.
            request: for `Decoder.generate`.
        """
        with self._lock:
            self._job, self._progress = job, 0.0
        self._frames = self._decoder.generate(
            request, lambda share: self._tell(job, share), lambda: job in self._cancelled
        )

    def take(self, job: str, most: int) -> Frames:
        """The next frames, at most ``most``; none at the end.

        Raises:
            Cancelled: `cancel` was called.
            Exception: whatever the decoder raised.
        """
        if job != self._job:
            raise RuntimeError(f"segment {job} is not the one in work")
        frames = list(islice(self._frames, most))
        return np.stack(frames) if frames else np.zeros((0, 0, 0, 3), np.uint8)

    def end(self, job: str) -> None:
        """Drops what is left of ``job``."""
        if job == self._job:
            close = getattr(self._frames, "close", None)
            if close is not None:
                close()
            self._frames = iter(())

    def look(self, job: str) -> float:
        """Share done of ``job``, as far as the decoder has told."""
        with self._lock:
            return self._progress if job == self._job else 0.0

    def cancel(self, job: str) -> None:
        """``job`` is to end soon."""
        with self._lock:
            self._cancelled = {job}  # at most one is in work

    def _tell(self, job: str, share: float) -> None:
        with self._lock:
            if job == self._job:
                self._progress = share
