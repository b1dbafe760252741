"""Keeps a transmission near its target CBR, whatever comes after the excerpts that it was planned on.

A frame's cost is forecast from the plan, from everything sent so far and, for the next seconds, from what was
sent just now. The quality at which the rest of the video would use up the rest of the budget is the one that
is wanted. Density follows at once: the slope belongs to the quality. The picture code keeps its quality for a
whole sequence, so quality follows where a sequence begins anyway, at a cut, or, when it is far off, with a
picture that stands alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from transmitter.planning import Plan
from transmitter.rate import bytes_factor, deserved_slope
from transmitter.trial import CRF_RANGE, SLOPES, Forecast

_RECENT_S: Final = 3.0  # that tell what the video is like now
_LIKE_NOW_S: Final = 10.0  # that it is taken to stay so
# When a picture that stands alone may change the quality inside a shot: CRF steps, and seconds since the shot
# or the sequence began. What costs too much cannot wait; what could look better can. Near the end it may not:
# nobody wants the last second spoilt for a few symbols.
_COARSER, _COARSER_AFTER_S = 3, 2.0
_FINER, _FINER_AFTER_S = 6, 6.0
_BEFORE_THE_END_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a video may cost.

    Attributes:
        symbols: in all.
        frames: of the video, as announced.
        frame_rate: frames per second.
    """

    symbols: float
    frames: int
    frame_rate: float


class Steering:
    """The operating point of one transmission over time.

    Not thread-safe, but `point` may be read from another thread.

    Args:
        plan: to begin with.
        budget: to keep; None: the plan is kept instead.

    Attributes:
        point: now. Its CRF is that of the picture code.
    """

    def __init__(self, plan: Plan, budget: Budget | None) -> None:
        self.point = plan.point
        self._plan, self._budget = plan, budget
        self._wanted = plan.point.crf
        self._frames = self._symbols = self._keyframe_symbols = 0  # so far
        self._begun = 0  # frame at which the shot or the sequence began
        self._all = plan.forecast or Forecast(0.0, 0.0, 0)
        self._recent: deque[Forecast] = deque()

    def restart(self, frame: int, shot_start: bool, bytes_alone: Callable[[int], float]) -> int | None:
        """The CRF with which the picture code shall begin anew at this keyframe; None: it goes on as it is.

        Args:
            frame: index of the keyframe.
            shot_start: a hard cut lies just before it, so that it stands alone in any case.
            bytes_alone: of this keyframe, coded at a CRF on its own.
        """
        budget, crf = self._budget, self.point.crf
        if budget is None or frame == 0:
            return None
        if shot_start:
            self._recent.clear()
            self._begun = frame
        elif not self._may_begin_anew(frame, budget):
            return None
        link = self.point.link
        symbols = link.symbols_of(bytes_alone(self._wanted)) - link.symbols_of(0)
        alone_at_60 = symbols / bytes_factor(self._wanted)
        wanted = self._quality_for_the_rest(budget, alone_at_60)
        if wanted == crf or (not shot_start and not self._pays(wanted, alone_at_60, budget)):
            return None
        self._begun = frame
        self.point = replace(self.point, crf=wanted)
        return wanted

    def note(self, frames: int, symbols: int, keyframe_symbols: int, alone: bool) -> None:
        """Takes what was sent so far, the newest keyframe included.

        Args:
            frames: up to the newest keyframe.
            symbols: channel uses in all.
            keyframe_symbols: those of keyframes.
            alone: the newest keyframe leans on none before it, and so says nothing about those to come.
        """
        spent = Forecast.of(
            frames - self._frames,
            symbols - self._symbols,
            keyframe_symbols - self._keyframe_symbols,
            self.point.crf,
        )
        opening = self._frames == 0
        self._frames, self._symbols, self._keyframe_symbols = frames, symbols, keyframe_symbols
        if self._budget is None or opening or not spent.frames:
            return
        self._all = self._all + spent
        if not alone:
            self._recent.append(spent)
            while sum(one.frames for one in self._recent) > _RECENT_S * self._budget.frame_rate:
                self._recent.popleft()
        self._wanted = self._quality_for_the_rest(self._budget)
        plan = self._plan.point
        slope = plan.slope * deserved_slope(self._wanted) / deserved_slope(plan.crf)
        self.point = replace(self.point, slope=min(SLOPES[1], max(SLOPES[0], slope)))

    def _may_begin_anew(self, frame: int, budget: Budget) -> bool:
        """Whether the quality is so far off that a picture that stands alone may pay."""
        coarser_by = self._wanted - self.point.crf
        since_s, left_s = (
            (frames / budget.frame_rate) for frames in (frame - self._begun, budget.frames - frame)
        )
        if left_s < _BEFORE_THE_END_S:
            return False
        if coarser_by >= _COARSER:
            return since_s >= _COARSER_AFTER_S
        return coarser_by <= -_FINER and since_s >= _FINER_AFTER_S

    def _pays(self, crf: int, alone_at_60: float, budget: Budget) -> bool:
        """Whether a picture that stands alone is worth it: for coarser ones, only if it saves symbols."""
        if crf < self.point.crf:
            return self.point.crf - crf >= _FINER
        begun_anew = alone_at_60 * bytes_factor(crf) + self._cost(crf, budget)
        return begun_anew < self._cost(self.point.crf, budget)

    def _quality_for_the_rest(self, budget: Budget, alone_at_60: float = 0.0) -> int:
        """The CRF that uses the budget up, if the next picture costs ``alone_at_60`` symbols more."""
        affordable = budget.symbols - self._symbols

        def excess(crf: int) -> float:
            return alone_at_60 * bytes_factor(crf) + self._cost(crf, budget) - affordable

        return min(CRF_RANGE, key=lambda crf: abs(excess(crf)))

    def _cost(self, crf: int, budget: Budget) -> float:
        """Symbols that the rest of the video takes at ``crf``."""
        left = max(0, budget.frames - self._frames)
        now = sum(self._recent, Forecast(0.0, 0.0, 0))
        like_now = min(left, _LIKE_NOW_S * budget.frame_rate) if now.frames else 0.0
        return like_now * now.at(crf) + (left - like_now) * self._all.at(crf)
