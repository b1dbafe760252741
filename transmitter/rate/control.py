"""Keeps a transmission near its target CBR, whatever comes after the excerpts that it was planned on.

A frame's cost is forecast from the plan, from everything sent so far and, for the next seconds, from what was
sent just now. The quality at which the rest of the video would use up the rest of the budget is the one that
is wanted. Density follows by the price that belongs to the quality. The picture code keeps its quality
for a whole sequence, so quality follows where one begins anyway, at a cut or after a loss, or, when it is far
off, with a picture that stands alone.

Whatever comes, the budget is kept: each shipment has a limit (`RateControl.limit`), and what has no room in
it is given up.

Nothing here depends on timing: analysis, which runs ahead of the link, goes by the point of a fixed
number of keyframes ago, and not by the newest one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from semvid.images.keyframe_codec import MAX_CRF, MIN_CRF
from semvid.options import TransmissionOptions
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.profile import Given
from semvid.semantics import PictureCoding
from semvid.video.probe import SourceInfo
from transmitter.rate.model import Forecast, LinkPrice, bytes_factor, deserved_price
from transmitter.rate.plan import BYTES_PER_SCALE, CRF_STEP, FINEST_CRF, SCALES, Plan

_RECENT_S: Final = 3.0  # that tell what the video is like now
_LIKE_NOW_S: Final = 10.0  # that it is taken to stay so
# When a picture that stands alone may change the quality inside a shot: CRF steps, and seconds since the shot
# or the sequence began. What costs too much cannot wait; what could look better can. Near the end quality may
# not rise, nor jump at cuts, and at the very end it stays: a few symbols are not worth a spoilt last second.
_COARSER, _COARSER_AFTER_S, _COARSER_BEFORE_THE_END_S = 3, 2.0, 2.5
_FINER, _FINER_AFTER_S = 6, 6.0
_BEFORE_THE_END_S: Final = 6.0
_KEPT_FOR_THE_REST: Final = 0.5  # of what the plan puts aside for it
_AHEAD_S: Final = 4.0  # of an even pace, where the rest cannot have what the plan puts aside for it
_TOLERANCE: Final = 0.02  # of the budget, which a transmission of `_TOLERANT` and above may pass
_TOLERANT: Final = 1e-4  # CBR
_LAST_WORDS: Final = 2  # blocks without keyframes, that the end of the stream may take
_COARSER_THAN_PLANNED: Final = 5.0  # CRF steps, that save about a third
_CRFS: Final = tuple(FINEST_CRF + step for step in range(round(MAX_CRF - FINEST_CRF) + 1))
_FINE_CRFS: Final = tuple(
    FINEST_CRF + CRF_STEP * step for step in range(round((MAX_CRF - FINEST_CRF) / CRF_STEP) + 1)
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a video may cost.

    Attributes:
        symbols: in all.
        frames: of the video, as announced.
        frame_rate: frames per second.
        most: symbols that are never exceeded, whatever the link asks for.
        endless: nobody knows when the video ends; it is what ``frames`` frames may cost, and `after` the same
            for as many from then on.
    """

    symbols: float
    frames: int
    frame_rate: float
    most: float = math.inf
    endless: bool = False

    def after(self, frames: int) -> Budget:
        """What holds once ``frames`` frames are sent: of an endless video, as if it ended a while later."""
        if not self.endless:
            return self
        symbols = self.symbols * (1 + frames / self.frames)
        tolerance = _TOLERANCE * self.symbols  # of the while, and not of days
        return replace(self, symbols=symbols, frames=frames + self.frames, most=symbols + tolerance)

    @classmethod
    def for_target(cls, options: TransmissionOptions, source: SourceInfo) -> Budget | None:
        """Of a transmission that aims at a CBR; None where none was asked for."""
        if options.target_cbr is None or options.given is not Given.BOTH_ENDS:
            return None
        frames = source.frame_count_hint
        if source.endless:
            frames = round(_LIKE_NOW_S * source.frame_rate)
        symbols = options.target_cbr * 3 * source.width * source.height * frames
        if source.endless:
            return cls(symbols, frames, float(source.frame_rate), endless=True)
        tolerance = _TOLERANCE if options.target_cbr >= _TOLERANT else 0.0
        return cls(symbols, frames, float(source.frame_rate), symbols * (1 + tolerance))


class RateControl:
    """The operating point of one transmission over time.

    `restart` is called for every keyframe in order, `note` for those that were sent together once they are;
    `price_for` may be called from another thread.

    Args:
        plan: to begin with.
        budget: to keep; None: the plan is kept instead.
        coding: of the pictures.
        lag: keyframes by which `price_for` looks back: as many as may be chosen and not noted yet.

    Attributes:
        point: now. Its CRF is that of the picture code.
    """

    def __init__(
        self,
        plan: Plan,
        budget: Budget | None,
        coding: PictureCoding = PictureCoding.PYRAMID,
        lag: int = 0,
    ) -> None:
        self.point = plan.point
        self._plan, self._budget, self._coding, self._lag = plan, budget, coding, lag
        self._wanted = plan.point.crf
        self._noted = self._frames = self._symbols = self._keyframe_symbols = 0  # so far
        self._forgone = 0.0  # symbols that an endless video did not use, and may not any more
        self._shown: float | None = None  # CRF of the newest noted
        self._begun = 0  # frame at which the shot or the sequence began
        self._all = plan.forecast or Forecast(0.0, 0.0, 0)
        self._recent: deque[Forecast] = deque()
        self._prices: dict[int, float] = {}

    def price_for(self, chosen: int) -> float:
        """The price by which the next keyframe is chosen: that of ``lag`` keyframes ago, noted or not yet.

        Args:
            chosen: keyframes chosen so far, at most ``lag`` more than are noted and no fewer.
        """
        noted = chosen - self._lag
        return self._prices[noted] if noted > 0 else self._plan.point.price

    def restart(
        self, frame: int, cut: bool, refresh: bool, bytes_alone: Callable[[float], float]
    ) -> float | None:
        """The CRF with which the picture code shall begin anew at this keyframe; None: it goes on as it is.

        Args:
            frame: index of the keyframe.
            cut: a hard cut lies just before it.
            refresh: the picture code begins anew in any case, because a keyframe was lost.
            bytes_alone: of this keyframe, coded at a CRF on its own.
        """
        budget, crf = self._budget_after(frame), self.point.crf
        if budget is None or frame == 0:
            return None
        if self._coding is PictureCoding.INTRA:
            return self._at(self._wanted, frame)
        if cut:
            self._recent.clear()
        if cut or refresh:
            self._begun = frame
        elif not self._may_begin_anew(frame, budget):
            return None
        link = self.point.link
        symbols = link.symbols_of(bytes_alone(self._wanted)) - link.symbols_of(0)
        alone_at_60 = symbols / bytes_factor(self._wanted)
        wanted = self._quality_for_the_rest(budget, alone_at_60)
        if self._is_near_the_end(frame, budget):
            wanted = min(crf + _FINER, max(crf - _FINER, wanted))
        if not (cut or refresh) and (wanted == crf or not self._pays(wanted, alone_at_60, budget)):
            return None
        return self._at(wanted, frame)

    def note(
        self,
        keyframes: int,
        frames: int,
        symbols: int,
        keyframe_symbols: int,
        crf: float,
        alone: bool,
        cut: bool,
    ) -> None:
        """Takes what was sent so far, the newest keyframes included.

        Args:
            keyframes: that are new.
            frames: up to the newest of them.
            symbols: channel uses in all.
            keyframe_symbols: those of keyframes.
            crf: that the new ones were coded at; by now the picture code may be at another.
            alone: the first of the new ones leans on none before it.
            cut: a hard cut lies just before it.
        """
        spent = Forecast.of(
            frames - self._frames, symbols - self._symbols, keyframe_symbols - self._keyframe_symbols, crf
        )
        first, self._shown = self._noted == 0, crf
        self._frames, self._symbols, self._keyframe_symbols = frames, symbols, keyframe_symbols
        if (budget := self._budget_after(frames)) is not None and not first:
            if budget.endless:  # what a still scene saved in an hour is not for the next second
                a_frame = budget.symbols / budget.frames
                saved = a_frame * (frames - _LIKE_NOW_S * budget.frame_rate) - self._charged
                self._forgone += max(0.0, saved)
            self._learn(spent, alone or cut, cut, budget)
            self._wanted = self._quality_for_the_rest(budget)
            plan = self._plan.point
            change = deserved_price(self._wanted) / deserved_price(plan.crf)
            self.point = replace(self.point, price=plan.price * change)
        for _ in range(keyframes):
            self._noted += 1
            self._prices[self._noted] = self.point.price
            self._prices.pop(self._noted - self._lag - 1, None)  # one more than is asked for meanwhile

    def note_spent(self, symbols: int, keyframe_symbols: int) -> None:
        """Takes what was sent so far where no keyframes are new, or those that are lost come again."""
        self._symbols, self._keyframe_symbols = symbols, keyframe_symbols

    def room(self, frames: int, link: LinkPrice) -> float:
        """Symbols that may be spent at once on what leads up to ``frames`` frames; infinite without a budget.

        What the plan puts aside for the rest of the video may be drawn on a little, and less towards the end,
        where the budget is kept. The rest costs what ``link`` charges now; where there is not enough for it,
        what is there is spent at an even pace.
        """
        budget = self._budget_after(frames)
        if budget is None:
            return math.inf
        left = max(0, budget.frames - frames)
        rest = left * (self._plan.forecast or self._all).at(self._plan.point.crf)
        rest *= self._plan.point.link.bits_per_symbol / link.bits_per_symbol
        ahead = min(left, _AHEAD_S * budget.frame_rate)
        pace = (budget.frames - left + ahead) / budget.frames
        return max(budget.symbols - _KEPT_FOR_THE_REST * rest, budget.symbols * pace) - self._charged

    def limit(self, frames: int, link: LinkPrice, last: bool) -> float:
        """Symbols that what leads up to ``frames`` frames may take at the very most; see `room`.

        Args:
            frames, link: as for `room`.
            last: nothing follows; otherwise something is left for saying where the stream ends.
        """
        budget = self._budget_after(frames)
        if budget is None:
            return math.inf
        sounded = 0 if self._noted else SOUNDING_SYMBOLS
        end = 0.0 if last else _LAST_WORDS * link.block_symbols
        estimated = self.room(frames, link) + (budget.most - budget.symbols)
        return min(estimated, budget.most - self._charged - end) - sounded

    @property
    def symbols_left(self) -> float:
        """For all that follows; infinite without a budget."""
        if self._budget is None:
            return math.inf
        return self._budget.symbols - self._charged - (0 if self._noted else SOUNDING_SYMBOLS)

    def take_up(self, crf: float) -> None:
        """The quality of what is coded next."""
        self.point = replace(self.point, crf=crf)

    @property
    def finest(self) -> float:
        """The finest CRF that what is left may get: far from what was sent before, it would pop."""
        return MIN_CRF if self._shown is None else max(MIN_CRF, self._shown - _FINER)

    def coarsened(self, symbols: float, room: float, most: float = MAX_CRF) -> bool:
        """Whether what has no room can be coarser; the quality is, then, as coarse as the room asks.

        Args:
            symbols: that it costs at the present CRF.
            room: that there is for it.
            most: the coarsest CRF that it may get.
        """
        crf = self.point.crf
        if symbols <= room or crf >= most:
            return False
        affordable = bytes_factor(crf) * max(0.0, room) / symbols
        coarser = next((c for c in _FINE_CRFS if c > crf and bytes_factor(c) <= affordable), MAX_CRF)
        self.point = replace(self.point, crf=min(coarser, most))
        return True

    def shrunk(self, symbols: float, room: float) -> bool:
        """Whether what has no room can be smaller; the size is, then, as small as the room asks.

        Before the header has left only: it says how large pictures are.

        Args:
            symbols, room: as for `coarsened`.
        """
        smaller = [scale for scale in SCALES if scale > self.point.scale]
        if symbols <= room or not smaller:
            return False
        wanted = self.point.scale * (symbols / max(1.0, room)) ** (1 / BYTES_PER_SCALE)
        scale = next((scale for scale in smaller if scale >= wanted), smaller[-1])
        self.point = replace(self.point, scale=scale)
        return True

    @property
    def still_good(self) -> float:
        """The coarsest CRF with which a sequence looks better than with fewer pictures."""
        return min(MAX_CRF, self._plan.point.crf + _COARSER_THAN_PLANNED)

    def _budget_after(self, frames: int) -> Budget | None:
        return None if self._budget is None else self._budget.after(frames)

    @property
    def _charged(self) -> float:
        """Symbols that are spent or forgone."""
        return self._symbols + self._forgone

    def _learn(self, spent: Forecast, alone: bool, cut: bool, budget: Budget) -> None:
        """What keyframes cost says something about those to come, unless one stood alone without a cut."""
        alone = alone and self._coding is not PictureCoding.INTRA  # no more than any other
        if cut or not alone:
            self._all = self._all + spent
        if alone:
            return
        self._recent.append(spent)
        while len(self._recent) > 1 and sum(r.frames for r in self._recent) > _RECENT_S * budget.frame_rate:
            self._recent.popleft()

    def _at(self, crf: float, frame: int) -> float | None:
        if crf == self.point.crf:
            return None
        self._begun = frame
        self.point = replace(self.point, crf=crf)
        return crf

    def _may_begin_anew(self, frame: int, budget: Budget) -> bool:
        """Whether the quality is so far off that a picture that stands alone may pay."""
        coarser_by = self._wanted - self.point.crf
        since_s = (frame - self._begun) / budget.frame_rate
        left_s = (budget.frames - frame) / budget.frame_rate
        if coarser_by >= _COARSER:
            return since_s >= _COARSER_AFTER_S and left_s >= _COARSER_BEFORE_THE_END_S
        return (
            coarser_by <= -_FINER and since_s >= _FINER_AFTER_S and not self._is_near_the_end(frame, budget)
        )

    @staticmethod
    def _is_near_the_end(frame: int, budget: Budget) -> bool:
        return budget.frames - frame < _BEFORE_THE_END_S * budget.frame_rate

    def _pays(self, crf: float, alone_at_60: float, budget: Budget) -> bool:
        """Whether a picture that stands alone is worth it.

        For coarser ones, only if it saves symbols, and not so many itself that ``crf`` must be far coarser
        than what is wanted.
        """
        if crf < self.point.crf:
            return self.point.crf - crf >= _FINER
        begun_anew = alone_at_60 * bytes_factor(crf) + self._cost(crf, budget)
        return begun_anew < self._cost(self.point.crf, budget) and crf - self._wanted <= _COARSER

    def _quality_for_the_rest(self, budget: Budget, alone_at_60: float = 0.0) -> float:
        """The CRF that uses the budget up, if the next picture costs ``alone_at_60`` symbols more.

        Near its end the video is taken to go on for a few seconds, paid for as before, so that what is over
        or missing is not made up for in the last pictures.
        """
        beyond = self._left(budget) - (budget.frames - self._frames)
        affordable = budget.symbols * (1 + beyond / budget.frames) - self._charged

        def excess(crf: float) -> float:
            return alone_at_60 * bytes_factor(crf) + self._cost(crf, budget) - affordable

        return min(_CRFS, key=lambda crf: abs(excess(crf)))

    def _cost(self, crf: float, budget: Budget) -> float:
        """Symbols that the rest of the video takes at ``crf``."""
        left = self._left(budget)
        now = sum(self._recent, Forecast(0.0, 0.0, 0))
        like_now = min(left, _LIKE_NOW_S * budget.frame_rate) if now.frames else 0.0
        return like_now * now.at(crf) + (left - like_now) * self._all.at(crf)

    def _left(self, budget: Budget) -> float:
        """Frames that are still to be paid for."""
        return max(budget.frames - self._frames, _BEFORE_THE_END_S * budget.frame_rate)
