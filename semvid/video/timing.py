"""Time stamps: which of them leave the regular grid, and so must cross the air.

Time counts from the first frame, whatever stamp its container gave that. A source of constant rate puts
frame ``i`` at ``floor(i / (frame_rate * time_base) + phase)``, whatever its container rounds to. `fit_grid`
finds rate and phase such that no frame deviates, if there are any; `timings` makes units of what is left, and
`Clock` turns them back into time stamps at the receiver.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise

from semvid.semantics import StreamHeader, Timing
from semvid.semantics.segments import MAX_TIMING_FRAMES
from semvid.semantics.stream import MAX_HOLD

HALF = Fraction(1, 2)
MAX_RATE_PART = 2**31 - 1  # of numerator and denominator, as in StreamHeader
_PHASES = 256
_COST_FRAMES = 4096  # frames over which the rates of an irregular source are compared
_FINE_TICKS = 8  # a frame of more ticks than this is not told from one that lasts one tick more or less
_UNIT_BYTES = 8  # what one more Timing unit costs: a longer run of equal offsets is not sent


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of time stamps.

    Attributes:
        frame_rate: frames per second.
        time_base: unit of the time stamps, seconds.
        phase: 0 <= phase < 1, what is added before rounding down; 1/2 is rounding to the nearest.
    """

    frame_rate: Fraction
    time_base: Fraction
    phase: Fraction = HALF

    def nominal_pts(self, frame: int) -> int:
        """Time from frame 0 to ``frame``, in ``time_base``."""
        return math.floor(frame / (self.frame_rate * self.time_base) + self.phase)


def fit_grid(pts: Sequence[int], time_base: Fraction, rates: Iterable[Fraction]) -> Grid:
    """Finds the regular grid that the fewest bytes of `Timing` correct to ``pts``.

    Args:
        pts: strictly increasing time stamps in units of ``time_base``, at least one; from anywhere.
        time_base: seconds.
        rates: frame rates that the container suggests, the most trusted first.

    Returns:
        A grid without any deviation if there is one, of phase 1/2 rather than another; otherwise (a variable
        frame rate) the cheapest one of phase 1/2. One frame without a suggestion gets 25 frames per second.
    """
    suggested = (*rates, *_measured_rates(pts, time_base))
    candidates = list(dict.fromkeys(_sane(rate) for rate in suggested if rate > 0)) or [Fraction(25)]
    shifted: Grid | None = None
    for rate in candidates:
        phases = _exact_phases(pts, 1 / (rate * time_base))
        if phases is None:
            continue
        low, high = phases
        if low <= HALF < high:
            return Grid(rate, time_base)
        step = Fraction(math.ceil(low * _PHASES), _PHASES)
        if shifted is None and step < high:
            shifted = Grid(rate, time_base, step)
    if shifted is not None:
        return shifted
    grids = [Grid(rate, time_base) for rate in candidates]
    since_first = [stamp - pts[0] for stamp in pts[:_COST_FRAMES]]
    return min(grids, key=lambda grid: _timing_bytes(offsets(since_first, grid)))


def offsets(pts: Iterable[int], grid: Grid | StreamHeader, first_frame: int = 0) -> list[int]:
    """How far each time stamp lies behind its place on the grid, in units of the time base."""
    return [stamp - grid.nominal_pts(frame) for frame, stamp in enumerate(pts, first_frame)]


def timings(
    pts: Iterable[int], grid: Grid | StreamHeader, first_frame: int = 0, held: int = 0
) -> list[Timing]:
    """The units that a receiver needs to know ``pts``: none for frames as far off the grid as those before.

    So a pause costs one value, not one for every frame after it.

    Args:
        pts: time stamps of consecutive frames, counted from frame 0 of the video.
        grid: the stream header that the receiver has.
        first_frame: index of the first of them.
        held: the offset of the frame before it.
    """
    units: list[Timing] = []
    start, run = 0, list[int]()
    same = 0  # frames at the end of the run that are as far off as one before them
    for frame, offset in enumerate(offsets(pts, grid, first_frame), first_frame):
        if run:
            same = same + 1 if offset == run[-1] else 0
            run.append(offset)
        elif offset != held:
            start, run, same = frame, [offset], 0
        if same > _UNIT_BYTES or len(run) == MAX_TIMING_FRAMES:
            held = run[-1]
            units.append(Timing(start, tuple(run[: len(run) - same])))
            run, same = [], 0
    if run:
        units.append(Timing(start, tuple(run[: len(run) - same])))
    return units


def nominal_hold(grid: Grid | StreamHeader, frames: int) -> int:
    """How long the last of ``frames`` frames is shown where nothing else is said, units of the time base."""
    return max(1, grid.nominal_pts(frames) - grid.nominal_pts(frames - 1))


def unusual_hold(hold: int, grid: Grid | StreamHeader, frames: int) -> int | None:
    """``hold`` as `StreamEnd` carries it: None where it is nominal but for the rounding of the container."""
    nominal = nominal_hold(grid, frames)
    rounding = 1 if nominal > _FINE_TICKS else 0
    return None if hold <= 0 or abs(hold - nominal) <= rounding else min(hold, MAX_HOLD)


class Clock:
    """The receiver's side: time stamps of frames 0, 1, 2, ... from the header and the units that arrived.

    A lost `Timing` unit costs exactness up to the next one, never order: every time stamp is larger than the
    one before.
    """

    def __init__(self, grid: Grid | StreamHeader) -> None:
        self._grid = grid
        self._frame = 0
        self._last: int | None = None
        self._units: list[Timing] = []
        self._held = Timing(0, (0,))  # the latest unit of the past: its last offset holds

    def add(self, timing: Timing) -> None:
        """Takes a unit, in any order; frames already shown are left as they were."""
        position = bisect_left(self._units, timing.first_frame, key=lambda unit: unit.first_frame)
        self._units.insert(position, timing)

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        """Time stamp of the next frame."""
        while self._units and self._units[0].first_frame + len(self._units[0].offsets) <= self._frame:
            past = self._units.pop(0)
            if past.first_frame >= self._held.first_frame:
                self._held = past
        offset = self._held.offsets[-1]
        if self._units and self._units[0].first_frame <= self._frame:
            offset = self._units[0].offsets[self._frame - self._units[0].first_frame]
        stamp = self._grid.nominal_pts(self._frame) + offset
        if self._last is not None:
            stamp = max(stamp, self._last + 1)
        self._frame += 1
        self._last = stamp
        return stamp

    def take(self, count: int) -> list[int]:
        """Time stamps of the next ``count`` frames."""
        return list(islice(self, count))


def _exact_phases(pts: Sequence[int], step: Fraction) -> tuple[Fraction, Fraction] | None:
    """The phases low <= phase < high with which a grid of ``step`` meets every time stamp, if any."""
    a, b = step.numerator, step.denominator
    first = pts[0]
    low = high = 0  # of the deviation in units of 1/b
    for frame, stamp in enumerate(pts):
        deviation = (stamp - first) * b - frame * a
        if deviation > low:
            low = deviation
        elif deviation < high:
            high = deviation
        else:
            continue
        if low - high >= b:
            return None
    return Fraction(low, b), 1 + Fraction(high, b)


def _measured_rates(pts: Sequence[int], time_base: Fraction) -> list[Fraction]:
    """Rates that the time stamps suggest: the simplest average, and that of the most frequent distance."""
    if len(pts) < 2:
        return []
    span, gaps = pts[-1] - pts[0], len(pts) - 1
    fastest = Fraction(gaps, max(span - 1, 1)) / time_base
    slowest = Fraction(gaps, span + 1) / time_base
    usual_gap = Counter(b - a for a, b in pairwise(pts[:_COST_FRAMES])).most_common(1)[0][0]
    return [simplest_between(slowest, fastest), Fraction(gaps, span) / time_base, 1 / (usual_gap * time_base)]


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of smallest denominator with 0 < low <= fraction <= high (Stern-Brocot tree)."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    below = whole - 1
    return below + 1 / simplest_between(1 / (high - below), 1 / (low - below))


def _sane(rate: Fraction) -> Fraction:
    """The nearest rate whose numerator and denominator the stream header can hold."""
    rate = min(max(rate, Fraction(1, MAX_RATE_PART)), Fraction(MAX_RATE_PART))
    if max(rate.numerator, rate.denominator) <= MAX_RATE_PART:
        return rate
    if rate <= 1:
        return rate.limit_denominator(MAX_RATE_PART)
    return 1 / (1 / rate).limit_denominator(MAX_RATE_PART)


def _timing_bytes(off: Sequence[int]) -> int:
    """About what `Timing` units for these offsets take, in bytes; what does not change takes none."""
    changes = (later - earlier for earlier, later in pairwise((0, *off)))
    return sum(1 + (2 * abs(change)).bit_length() // 7 for change in changes if change)
