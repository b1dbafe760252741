"""Where keyframes between two certain ones pay, found while frames stream by."""

from collections.abc import Callable
from typing import Final

from semvid.images.types import Picture
from semvid.video.reader import Frame
from transmitter.keyframes.bridging import bridging_error
from transmitter.rate.model import GapCost

_MOST_HALVINGS: Final = 4  # of a window; it holds that many source frames, to the power of two


class GapTree:
    """Halves a window of frames again and again as long as the keyframe in the middle is worth its symbols.

    A window begins at a keyframe and ends at another: a forced one, or the one where the window is full.
    Keyframes in between fall on a regular grid and are dense only where that pays. Uniform spacing is one of
    the trees, at any density, so the choice loses to it only by as much as the prices are wrong. Walks that
    stop at the cheapest frame so far did worse than uniform spacing (docs/decisions/0005).

    Memory: small copies of the frames of the window, and the frames on its grid, at most 16.

    Args:
        cost: what prices a gap now.
        step: frames between two neighbours on the grid.
        max_gap: frames; the longest gap that the decoder bridges.
    """

    def __init__(self, cost: Callable[[], GapCost], step: int, max_gap: int) -> None:
        self._cost, self._step = cost, step
        halvings = min(_MOST_HALVINGS, max(0, (max_gap // step).bit_length() - 1))
        self._window = step << halvings
        self._copies: list[Picture] = []
        self._grid: list[Frame] = []

    def begin(self, keyframe: Frame, copy: Picture) -> None:
        """Starts a window at a keyframe that is the newest frame."""
        self._grid, self._copies = [keyframe], [copy]

    def push(self, frame: Frame, copy: Picture) -> list[Frame]:
        """Takes the next frame.

        Returns:
            The keyframes of the window, in order, ``frame`` the last of them, if it fills the window; nothing
            as long as the window is open.
        """
        self._copies.append(copy)
        gap = frame.index - self._grid[0].index
        if gap % self._step:
            return []
        if gap < self._window:
            self._grid.append(frame)
            return []
        ends = [*self.end_before(frame), frame]
        self.begin(frame, copy)
        return ends

    def end_before(self, frame: Frame) -> list[Frame]:
        """The keyframes that pay before ``frame``, the newest, if that must be one."""
        grid = [held for held in self._grid if held is not frame]
        chosen, _ = self._halved([*grid, frame], self._cost())
        return chosen

    def _halved(self, grid: list[Frame], cost: GapCost) -> tuple[list[Frame], float]:
        """The keyframes that pay inside ``grid``, and what the gaps then cost."""
        first = self._grid[0].index
        start, stop = grid[0].index, grid[-1].index
        error = bridging_error(self._copies[start - first : stop - first + 1])
        whole = cost.of_gap(stop - start, error)
        if len(grid) < 3 or not cost.may_pay(stop - start, error):
            return [], whole
        middle = len(grid) // 2
        before, cost_before = self._halved(grid[: middle + 1], cost)
        after, cost_after = self._halved(grid[middle:], cost)
        if cost_before + cost_after >= whole:
            return [], whole
        return [*before, grid[middle], *after], cost_before + cost_after
