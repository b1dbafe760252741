"""SKEM: semantic-aware keyframe extraction (paper, SKEM), and what it takes to serve a real decoder.

The paper's rules: first and last frame are keyframes; candidates at a fixed spacing are compared with the
latest keyframe; one whose meaning differs becomes a keyframe. On top of them:

- *Hard cuts.* Both sides become keyframes and nothing is interpolated across.
- *Gaps.* No two meanings closer than a minimum (cuts excepted), no gap longer than the receiver's decoder can take.
- *Bridging.* Where the decoder's interpolation can be tried here (`Profile.closed_loop`), a gap ends before
  its regenerated frames stray from the real ones by more than a tolerance. Such keyframes carry no new
  meaning: candidates go on being compared with the latest *semantic* keyframe.
"""

from __future__ import annotations

from dataclasses import dataclass

from semvid.video.reader import Frame
from transmitter.keyframes.bridging import Picture, bridging_error, small_copy
from transmitter.keyframes.cuts import CutDetector
from transmitter.keyframes.selection import Comparison, Reason, Selected
from transmitter.mllm import Mllm
from transmitter.psss import Focus, Rule, differs


@dataclass(frozen=True, slots=True)
class SkemRules:
    """When a frame becomes a keyframe; all distances in frames.

    Attributes:
        focus, rule, threshold: of the PSSS decision.
        candidate_spacing: between compared frames.
        min_gap: least distance from one semantic keyframe to the next, cuts and the last frame excepted.
        max_gap: largest one.
        bridging_tolerance: largest `bridging_error` of a gap; None where the decoder cannot be tried.
        bridging_spacing: between the frames at which a gap is tried.
    """

    focus: Focus
    rule: Rule
    threshold: float
    candidate_spacing: int
    min_gap: int
    max_gap: int
    bridging_tolerance: float | None
    bridging_spacing: int


class Skem:
    """Keeps the latest semantic keyframe, two more frames, and small copies since the latest keyframe."""

    def __init__(self, mllm: Mllm, rules: SkemRules) -> None:
        self._mllm = mllm
        self._rules = rules
        self._cuts = CutDetector()
        self._comparisons: list[Comparison] = []
        self._meaning: Frame  # latest semantic keyframe
        self._keyframe: Frame  # latest keyframe
        self._copies: list[Picture] = []  # small, of the latest keyframe and every frame since
        self._previous: Frame | None = None
        self._bridged: Frame | None = None  # the last frame up to which the gap was tried and found good

    def push(self, frame: Frame) -> list[Selected]:
        """See `KeyframeSelector.push`."""
        cut = self._cuts.push(frame.picture)
        copy = small_copy(frame.picture)
        if self._previous is None:
            selected = [self._select(frame, Reason.FIRST, [copy])]
        elif cut:
            selected = self._cut_between(self._previous, frame, copy)
        else:
            self._copies.append(copy)
            selected = self._close_gaps(frame)
            if self._means_something_else(frame):
                selected.append(self._select(frame, Reason.SEMANTIC, [copy]))
        self._previous = frame
        return selected

    def finish(self) -> list[Selected]:
        """See `KeyframeSelector.finish`."""
        return [] if self._previous is None else self._end_at(self._previous, Reason.LAST)

    def take_comparisons(self) -> list[Comparison]:
        """See `KeyframeSelector.take_comparisons`."""
        taken, self._comparisons = self._comparisons, []
        return taken

    def _cut_between(self, before: Frame, after: Frame, copy: Picture) -> list[Selected]:
        selected = self._end_at(before, Reason.CUT)
        return [*selected, self._select(after, Reason.CUT, [copy], shot_start=True)]

    def _end_at(self, frame: Frame, reason: Reason) -> list[Selected]:
        """Makes ``frame``, the newest, a keyframe if it is not one already."""
        if frame is self._keyframe:
            return []
        selected = self._bridge(frame)
        return [*selected, self._select(frame, reason, self._copies[-1:])]

    def _close_gaps(self, frame: Frame) -> list[Selected]:
        """Keyframes that the gap up to ``frame`` needs before it, or at it when it is as long as allowed."""
        selected = []
        if (frame.index - self._keyframe.index) % self._rules.bridging_spacing == 0:
            selected = self._bridge(frame)
        if frame.index - self._keyframe.index >= self._rules.max_gap:
            selected.append(self._select(frame, Reason.MAX_GAP, self._copies[-1:]))
        return selected

    def _bridge(self, frame: Frame) -> list[Selected]:
        """Tries the gap from the latest keyframe to ``frame``; one that fails ends where it was last good."""
        tolerance = self._rules.bridging_tolerance
        if tolerance is None:
            return []
        if bridging_error(self._copies) <= tolerance or self._bridged is None:
            self._bridged = frame
            return []
        since = self._bridged.index - self._keyframe.index
        selected = self._select(self._bridged, Reason.BRIDGE, self._copies[since:])
        self._bridged = frame
        return [selected]

    def _means_something_else(self, frame: Frame) -> bool:
        if frame.index % self._rules.candidate_spacing or frame is self._keyframe:
            return False
        rules = self._rules
        (answer,) = self._mllm.compare(self._meaning.picture, [frame.picture], rules.focus)
        decision = (
            differs(answer, rules.rule, rules.threshold)
            and frame.index - self._meaning.index >= rules.min_gap
        )
        self._comparisons.append(Comparison(frame, self._meaning.index, answer, decision))
        return decision

    def _select(
        self, frame: Frame, reason: Reason, copies: list[Picture], shot_start: bool = False
    ) -> Selected:
        """Makes ``frame`` the latest keyframe; ``copies`` are those of it and of the frames after it."""
        self._keyframe = frame
        self._copies = list(copies)
        self._bridged = None
        if reason.opens_caption:
            self._meaning = frame
        return Selected(frame, reason, shot_start)
