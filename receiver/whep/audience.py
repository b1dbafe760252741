"""Who watches one live video as it comes: coded pictures from its pipeline, to each at its time.

Pictures of a gap are made at once and shown one after the other, so each viewer has a queue, bounded in
bytes. Where it is full the viewer falls behind, and goes on with the newest key picture: what it has not seen
by then is dropped, and counted. The pipeline never waits for anybody.
"""

import asyncio
import threading
from collections import deque
from typing import Final

from semvid.video.coded_picture import CodedPicture

MOST_BYTES: Final = 8 * 2**20  # that wait for one viewer


class Seat:
    """One viewer's place. Made by `Audience.seat`; used in the event loop in which that was called.

    Attributes:
        dropped: pictures that were not shown, because it fell behind or takes key pictures only.
        keys_only: it is given key pictures only, since the way to it does not carry more.
    """

    def __init__(self, most_bytes: int) -> None:
        self.dropped = 0
        self.keys_only = False
        self._most_bytes, self._bytes = most_bytes, 0
        self._waiting: deque[CodedPicture] = deque()
        self._lock = threading.Lock()
        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        self._broken = True  # what it has not seen is leant on, until the next key picture
        self._ended = False
        self._offset_s: float | None = None  # of the loop's clock to the video's

    async def next(self) -> CodedPicture | None:
        """The next picture, when it is to be shown; None where the video is over, or nobody watches any more.

        A picture that comes late puts off the ones after it.
        """
        while True:
            with self._lock:
                picture = self._waiting.popleft() if self._waiting else None
                self._bytes -= len(picture.data) if picture is not None else 0
                if picture is None and self._ended:
                    return None
                if picture is None:
                    self._changed.clear()
            if picture is None:
                await self._changed.wait()
                continue
            now = self._loop.time()
            due = now if self._offset_s is None else self._offset_s + float(picture.at_s)
            if self._offset_s is None or due < now:
                self._offset_s = now - float(picture.at_s)
            await asyncio.sleep(max(0.0, due - now))
            return picture

    def take(self, picture: CodedPicture) -> None:
        """The video goes on with ``picture``; from any thread."""
        with self._lock:
            if self._bytes + len(picture.data) > self._most_bytes:
                self._cut(picture)
            if not picture.key and (self._broken or self.keys_only):
                self._broken, self.dropped = True, self.dropped + 1
                return
            self._broken = False
            self._waiting.append(picture)
            self._bytes += len(picture.data)
        self._wake()

    def end(self) -> None:
        """No more pictures come; from any thread."""
        with self._lock:
            self._ended = True
        self._wake()

    def _cut(self, coming: CodedPicture) -> None:
        """Drops all that waits before the newest key picture; all, if ``coming`` then finds no room."""
        keys = [index for index, one in enumerate(self._waiting) if one.key]
        kept = list(self._waiting)[keys[-1] :] if keys and not coming.key else []
        if sum(len(one.data) for one in [*kept, coming]) > self._most_bytes:
            kept = []
        self.dropped += len(self._waiting) - len(kept)
        self._waiting, self._bytes = deque(kept), sum(len(one.data) for one in kept)
        self._broken |= not kept
        self._offset_s = None  # and is shown now

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._changed.set)
        except RuntimeError:  # the loop is closed: the service ends
            return


class Audience:
    """All who watch one video; `show` and `end` from the thread that makes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: set[Seat] = set()
        self._ended = False

    def seat(self, most_bytes: int = MOST_BYTES) -> Seat:
        """A place for one viewer, from the next key picture on."""
        seat = Seat(most_bytes)
        with self._lock:
            self._seats.add(seat)
            ended = self._ended
        if ended:
            seat.end()
        return seat

    def leave(self, seat: Seat) -> None:
        """Nobody sits there any more."""
        with self._lock:
            self._seats.discard(seat)
        seat.end()

    def show(self, picture: CodedPicture) -> None:
        """The next picture of the video."""
        with self._lock:
            seats = list(self._seats)
        for seat in seats:
            seat.take(picture)

    def end(self) -> None:
        """The video is over."""
        with self._lock:
            self._ended, seats = True, list(self._seats)
        for seat in seats:
            seat.end()
