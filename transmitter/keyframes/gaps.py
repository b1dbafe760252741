"""Where the gap after a keyframe ends cheapest, found while frames stream by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from semvid.video.reader import Frame
from transmitter.keyframes.bridging import Picture, bridging_error
from transmitter.rate import GapCost

_PATIENCE: Final = 1.2  # a gap is given up when it costs this many times the best one so far
_FINE: Final = 16  # steps; longer gaps are tried at coarser distances


@dataclass(slots=True, eq=False)
class _Tried:
    frame: Frame
    cost: float  # a frame of the gap that ends here


class GapWalk:
    """Tries ever longer gaps from the latest keyframe and remembers what each would cost a frame.

    Memory: small copies of the frames since the keyframe, and the tried frames themselves (at most about 20).

    Args:
        cost: prices a gap.
        step: frames between two tried ends of short gaps.
        min_gap, max_gap: frames; bounds of a gap that this walk ends.
    """

    def __init__(self, cost: GapCost, step: int, min_gap: int, max_gap: int) -> None:
        self._cost = cost
        self._step, self._min_gap, self._max_gap = step, min_gap, max_gap
        self._copies: list[Picture] = []
        self._tried: list[_Tried] = []
        self._origin = 0

    def begin(self, keyframe: Frame, copy: Picture) -> None:
        """Starts from a keyframe that is the newest frame."""
        self._origin = keyframe.index
        self._copies = [copy]
        self._tried = []

    def push(self, frame: Frame, copy: Picture) -> Frame | None:
        """Takes the next frame.

        Returns:
            As `certain`.
        """
        self._copies.append(copy)
        gap = frame.index - self._origin
        if gap >= self._min_gap and self._is_tried(gap):
            self._tried.append(self._try(frame))
        return self.certain(frame.index)

    def certain(self, newest: int) -> Frame | None:
        """The frame at which the gap should end, once that is certain; then call `move_to`.

        Args:
            newest: index of the newest frame.
        """
        if not self._tried:
            return None
        best = min(self._tried, key=lambda tried: tried.cost)
        given_up = self._tried[-1].cost > _PATIENCE * best.cost
        return best.frame if given_up or newest - self._origin >= self._max_gap else None

    def move_to(self, keyframe: Frame) -> None:
        """Starts anew from ``keyframe``, a tried frame; those after it are tried again from there."""
        offset = keyframe.index - self._origin
        later = [tried.frame for tried in self._tried if tried.frame.index > keyframe.index]
        self._origin, self._copies = keyframe.index, self._copies[offset:]
        self._tried = [self._try(frame) for frame in later if frame.index - keyframe.index >= self._min_gap]

    def end_before(self, frame: Frame) -> Frame | None:
        """Where the gap should end first if ``frame``, the newest, must be a keyframe; None: right there."""
        direct = self._try(frame).cost
        earlier = [tried for tried in self._tried if frame.index - tried.frame.index >= self._min_gap]
        best = min(earlier, key=lambda tried: tried.cost, default=None)
        return best.frame if best is not None and best.cost * _PATIENCE < direct else None

    def _is_tried(self, gap: int) -> bool:
        if gap <= _FINE * self._step:
            return gap % self._step == 0
        return gap % (4 * self._step) == 0

    def _try(self, frame: Frame) -> _Tried:
        gap = frame.index - self._origin
        return _Tried(frame, self._cost.per_frame(gap, bridging_error(self._copies[: gap + 1])))
