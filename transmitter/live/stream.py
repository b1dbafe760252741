"""The frames of a live source between its decoder and analysis: few, fresh, counted where dropped.

Nothing here grows: frames that nobody takes in time are dropped whole, the oldest first, so that what is sent
is always what happens now.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from semvid.errors import Conflict, SemvidError, TransmissionFailed
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame

_REMEMBERED: Final = 4096  # frames whose arrival is known: more than a gap and what waits behind it
_LOOK_S: Final = 0.2


class Decoder(Protocol):
    """What frames come from: `semvid.video.live_decoding.LiveDecoder`."""

    def feed(self, data: bytes) -> None:
        """More of the stream."""

    def end(self) -> None:
        """No more of it comes."""

    def frames(self) -> Iterator[tuple[int, NDArray[np.uint8] | None]]:
        """Ticks and pictures; None for a frame without one."""

    def close(self) -> None:
        """Ends it."""


class LiveStream:
    """One live source of one job.

    Args:
        decoder: of the stream.
        info: `semvid.video.live_reader.live_info` of it.
        queue_s: of frames that may wait for analysis, seconds of the source.
        queue_bytes: of them, at most; one frame in any case.
        silence_s: without a frame for so long it is over, seconds.

    Attributes:
        dropped: frames that were decoded and not sent, since the first that was.
        undecodable: frames that did not decode, or had no time of their own, since then.
        skipped: frames before the first that was sent, while the transmission began.
        ended: why there are no more frames; empty as long as there may be.
    """

    def __init__(
        self, decoder: Decoder, info: SourceInfo, queue_s: float, queue_bytes: int, silence_s: float
    ) -> None:
        self.dropped = self.undecodable = self.skipped = 0
        self.ended = ""
        self._decoder, self._silence_s = decoder, silence_s
        frame_bytes = info.width * info.height * 3
        self._most = max(1, min(round(queue_s * info.frame_rate), queue_bytes // frame_bytes))
        self._waiting: deque[tuple[int, float, NDArray[np.uint8]]] = deque()
        self._changed = threading.Condition()
        self._over = self._stopped = self._claimed = False
        self._failure: SemvidError | None = None
        self._taken: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._began: float | None = None  # monotonic, when the first frame that was sent had arrived
        self._thread = threading.Thread(target=self._read, name="live", daemon=True)
        self._thread.start()

    def claim(self) -> None:
        """Says that somebody goes on with the source.

        Raises:
            Conflict: somebody does already.
        """
        if self._claimed:
            raise Conflict("somebody goes on with this live source already, or has; begin another one")
        self._claimed = True

    async def feed(self, data: bytes) -> None:
        """More of the stream; waits where decoding is behind."""
        await asyncio.to_thread(self._decoder.feed, data)

    def end(self, why: str) -> None:
        """The source gives no more; what is decoded already is sent."""
        self._note_end(why)
        self._decoder.end()

    def stop(self, why: str) -> None:
        """Nobody wants more: the video ends with the frames that analysis has."""
        self._note_end(why)
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the decoder."""
        self.stop("the transmission is over")
        self._decoder.close()
        self._thread.join()

    def frames(self) -> Iterator[Frame]:
        """Frames for analysis, in order, from now on; ends where the source does.

        Raises:
            SemvidError: the source could not be decoded, and gave no frame before.
        """
        with self._changed:
            if self.ended:
                raise self._failure or TransmissionFailed(
                    f"the live source ended before its transmission had begun, which takes some seconds "
                    f"({self.ended}); send a longer one, or a file without --live"
                )
            while len(self._waiting) > 1:  # what came while the transmission began is past
                self._waiting.popleft()
                self.skipped += 1
        index, first = 0, 0
        while (one := self._next()) is not None:
            tick, arrived, picture = one
            if self._began is None:
                self._began, first = arrived, tick
            self._taken.append((index, arrived - self._began))
            yield Frame(index, tick - first, picture)
            index += 1
        if not index:
            raise self._failure or SemvidError(
                f"the live source gave no frame for {self._silence_s:g} s; see what it says, and begin anew"
            )

    def taken_s(self, index: int) -> float:
        """When frame ``index`` had arrived, seconds since the first; old ones count as the oldest known."""
        known = list(self._taken)  # analysis goes on adding to it
        return next((at for frame, at in known if frame >= index), self.now_s())

    def now_s(self) -> float:
        """Seconds since the first frame that was sent had arrived; 0 before."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    def resource(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "skipped": self.skipped,
            "dropped": self.dropped,
            "undecodable": self.undecodable,
            "ended": self.ended or None,
        }

    def _next(self) -> tuple[int, float, NDArray[np.uint8]] | None:
        """The oldest frame that waits; waits for one; None after the last."""
        deadline = time.monotonic() + self._silence_s
        with self._changed:
            while not self._waiting and not self._over and not self._stopped:
                self._changed.wait(_LOOK_S)
                if time.monotonic() > deadline:
                    self._note_end(f"it gave no frame for {self._silence_s:g} s")
                    return None
            return self._waiting.popleft() if self._waiting and not self._stopped else None

    def _read(self) -> None:
        try:
            for tick, picture in self._decoder.frames():
                if self._stopped:
                    return
                self._take(tick, picture)
        except SemvidError as error:
            self._failure = error
            self._note_end(str(error))
        except (OSError, ValueError):  # closed while we read
            pass
        finally:
            with self._changed:
                self._note_end("the source is over")
                self._over = True
                self._changed.notify_all()

    def _take(self, tick: int, picture: NDArray[np.uint8] | None) -> None:
        with self._changed:
            begun = self._began is not None
            if picture is None:
                self.undecodable += begun
                return
            self._waiting.append((tick, time.monotonic(), picture))
            while len(self._waiting) > self._most:
                self._waiting.popleft()
                self.dropped += begun
                self.skipped += not begun
            self._changed.notify_all()

    def _note_end(self, why: str) -> None:
        self.ended = self.ended or why
