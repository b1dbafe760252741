"""The frames of one gap from the pieces of its plan, each as soon as it is there."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait

from receiver.decoders.hf.clip import Frames
from receiver.decoders.hf.pieces import Piece
from semvid.errors import Cancelled
from semvid.images.types import Picture

_LOOK_S = 0.2  # between looks at whether the video was stopped

Begin = Callable[[Piece, Picture, Picture], Future[Frames]]


def fill(
    plan: Iterable[Piece],
    start: Picture,
    end: Picture,
    span: int,
    begin: Begin,
    ahead: int,
    cancelled: Callable[[], bool],
) -> Iterator[Picture]:
    """Yields the pictures of frames 1 .. ``span - 1`` of a gap.

    Kept in memory: ``ahead`` clips and the keyframes that coarse pieces gave and that are still needed.

    Args:
        plan: see `receiver.decoders.hf.pieces.pieces`.
        start, end: the keyframes on both sides.
        span: frames from the one to the other.
        begin: starts to make a piece between two pictures.
        ahead: pieces in work at a time, as far as their keyframes are known.
        cancelled: asked while waiting.

    Raises:
        Cancelled: so it was.
        Exception: whatever making a piece raised.
    """
    known = {0: start, span: end}
    waiting = deque(plan)
    running: deque[tuple[Piece, Future[Frames]]] = deque()
    while waiting or running:
        while waiting and len(running) < ahead and {waiting[0].start, waiting[0].end} <= known.keys():
            piece = waiting.popleft()
            running.append((piece, begin(piece, known[piece.start], known[piece.end])))
        piece, future = running.popleft()
        clip = result(future, cancelled)
        if piece.coarse:
            known.update((frame, clip[index].copy()) for frame, index in piece.shown)
            continue
        for _, index in piece.shown:
            yield clip[index]
        if piece.end != span:
            yield known[piece.end]
        del known[piece.start]


def result(future: Future[Frames], cancelled: Callable[[], bool]) -> Frames:
    """Waits for a clip.

    Raises:
        Cancelled: ``cancelled`` said so first.
        Exception: whatever making it raised.
    """
    while not cancelled():
        wait([future], timeout=_LOOK_S)
        if future.done():
            return future.result()
    raise Cancelled("regeneration was stopped")
