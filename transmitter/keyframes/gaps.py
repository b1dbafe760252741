"""Where keyframes between two certain ones pay, found while frames stream by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, TypeAlias

from semvid.images.types import Picture
from semvid.video.reader import Frame
from transmitter.keyframes.bridging import bridging_error, holding_error
from transmitter.rate.model import gap_loss, keyframe_cost

_Measure: TypeAlias = Callable[[Sequence[Picture]], float]
_cost = itemgetter(1)
_MOST_HALVINGS: Final = 4  # of a window; it holds that many source frames, to the power of two


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Frames from a keyframe to another, or to the end of a shot, of which some may become keyframes too.

    Attributes:
        grid: its first and last frame, and between them those that may, at equal distances except the last.
        copies: small copies of all its frames, both ends included.
        ends_shot: nothing is bridged beyond its last frame, which is a keyframe only if that pays as well;
            otherwise the keyframe before it is held.
    """

    grid: Sequence[Frame]
    copies: Sequence[Picture]
    ends_shot: bool = False
    _errors: dict[tuple[_Measure, int, int], float] = field(default_factory=dict)

    def that_pay(self, price: float) -> list[Frame]:
        """The frames after the first that are worth ``price`` as keyframes, in order; not the last one
        where that is a keyframe anyway."""
        choose = self._ended if self.ends_shot else self._halved
        return choose(0, len(self.grid) - 1, price)[0]

    def error(self, first: int, last: int) -> float:
        """`bridging_error` of the gap from one frame of the grid to another, measured once."""
        return self._measured(bridging_error, first, last)

    def _measured(self, measure: _Measure, first: int, last: int) -> float:
        if (measure, first, last) not in self._errors:
            start, stop = (self.grid[i].index - self.grid[0].index for i in (first, last))
            self._errors[measure, first, last] = measure(self.copies[start : stop + 1])
        return self._errors[measure, first, last]

    def _ended(self, first: int, last: int, price: float) -> tuple[list[Frame], float]:
        """The keyframes that pay from a frame of the grid to the end of the shot, and what all then costs."""
        frames = self.grid[last].index - self.grid[first].index
        held: tuple[list[Frame], float]
        held = [], gap_loss(frames + 1, self._measured(holding_error, first, last))
        if first == last:
            return held
        between, cost = self._halved(first, last, price)
        bridged = [*between, self.grid[last]], cost
        if last - first < 2:
            return min(held, bridged, key=_cost)
        middle = (first + last + 1) // 2
        before, cost_before = self._halved(first, middle, price)
        after, cost_after = self._ended(middle, last, price)
        split = [*before, self.grid[middle], *after], cost_before + cost_after
        return min(held, bridged, split, key=_cost)

    def _halved(self, first: int, last: int, price: float) -> tuple[list[Frame], float]:
        """The keyframes that pay between two frames of the grid, and what the gaps then cost."""
        frames, error = self.grid[last].index - self.grid[first].index, self.error(first, last)
        loss = gap_loss(frames, error)
        whole = loss + keyframe_cost(price, error)
        if last - first < 2 or loss <= keyframe_cost(price, 0.0):
            return [], whole
        middle = (first + last + 1) // 2
        before, cost_before = self._halved(first, middle, price)
        after, cost_after = self._halved(middle, last, price)
        if cost_before + cost_after >= whole:
            return [], whole
        return [*before, self.grid[middle], *after], cost_before + cost_after


class GapTree:
    """Halves a window of frames again and again as long as the keyframe in the middle is worth its symbols.

    A window begins at a keyframe and ends at another, a forced one or the one where the window is full, or
    with the shot, whose last frame need not be one (docs/decisions/0023).
    Keyframes in between fall on a regular grid and are dense only where that pays. Uniform spacing is one of
    the trees, at any density, so the choice loses to it only by as much as the prices are wrong. Walks that
    stop at the cheapest frame so far did worse than uniform spacing (docs/decisions/0005).

    Memory: small copies of the frames of the window, and the frames on its grid, at most 16.

    Args:
        price: of a keyframe now (`transmitter.rate.model`).
        step: frames between two neighbours on the grid.
        max_gap: frames; the longest gap that the decoder bridges.
        tell: hears of every window when it is closed.
    """

    def __init__(
        self,
        price: Callable[[], float],
        step: int,
        max_gap: int,
        tell: Callable[[Window], None] = lambda _: None,
    ) -> None:
        self._price, self._step, self._tell = price, step, tell
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
        return self._closed(frame, ends_shot=False)

    def end_shot(self, frame: Frame) -> list[Frame]:
        """The keyframes that pay up to ``frame``, the newest and the last of a shot, it included."""
        return self._closed(frame, ends_shot=True)

    def _closed(self, frame: Frame, ends_shot: bool) -> list[Frame]:
        grid = [held for held in self._grid if held is not frame]
        window = Window([*grid, frame], self._copies, ends_shot)
        self._tell(window)
        return window.that_pay(self._price())
