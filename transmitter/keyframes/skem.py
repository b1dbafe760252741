"""SKEM: semantic-aware keyframe extraction (paper, SKEM), and what it takes to serve a real decoder.

The paper's rules: first and last frame are keyframes; candidates at a fixed spacing are compared with the
latest keyframe; one whose meaning differs becomes a keyframe. On top of them:

- *Hard cuts.* Both sides become keyframes and nothing is interpolated across.
- *Ends of shots.* Where bridging can be tried, the last frame before a cut, and that of the video, is a
  keyframe only where it pays; otherwise the one before it is held.
- *Gaps.* No two meanings closer than a minimum (cuts excepted), no gap longer than the decoder can take.
- *Bridging.* Where the decoder's interpolation can be tried here (`Profile.closed_loop`), `GapTree` adds
  keyframes where they are worth their symbols. Such keyframes carry no new meaning: candidates go on being
  compared with the latest *semantic* keyframe.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from semvid.images.cuts import CutDetector
from semvid.images.types import Picture
from semvid.mllm import Mllm
from semvid.options import Focus, Rule
from semvid.psss import differs
from semvid.video.reader import Frame
from transmitter.keyframes.bridging import small_copy
from transmitter.keyframes.gaps import GapTree
from transmitter.keyframes.selection import Comparison, Reason, Selected, Told


@dataclass(frozen=True, slots=True)
class SkemRules:
    """When a frame becomes a keyframe, or opens a segment that none closes; all distances in frames.

    Attributes:
        focus, rule, threshold: of the PSSS decision.
        candidate_spacing: between compared frames.
        min_gap: least distance from one semantic keyframe to the next, cuts and the last frame excepted.
        max_gap: largest distance from any keyframe to the next.
        max_ticks: the same in the time base of the source, whose frames may be far apart.
    """

    focus: Focus
    rule: Rule
    threshold: float
    candidate_spacing: int
    min_gap: int
    max_gap: int
    max_ticks: float = math.inf

    def are_apart(self, keyframe: Frame, frame: Frame) -> bool:
        """Whether ``frame`` is so far behind ``keyframe`` that it must be the next."""
        return frame.index - keyframe.index >= self.max_gap or frame.pts - keyframe.pts >= self.max_ticks


class Skem:
    """Walks through a video once.

    Args:
        mllm: compares meanings; None: nothing is compared.
        rules: see there.
        tree: keyframes for gaps that the decoder would bridge badly; None where it cannot be tried here.
        tell: see `Told`.
    """

    def __init__(
        self, mllm: Mllm | None, rules: SkemRules, tree: GapTree | None, tell: Told = lambda _: None
    ) -> None:
        self._mllm, self._rules, self._tree, self._tell = mllm, rules, tree, tell
        self._cuts = CutDetector()
        self._meaning: Frame  # latest semantic keyframe
        self._keyframe: Frame  # latest keyframe
        self._previous: Frame | None = None

    def push(self, frame: Frame) -> list[Selected]:
        """See `KeyframeSelector.push`."""
        return self.take(frame, self._cuts.push(frame.picture), self._means_something_else)

    def take(self, frame: Frame, cut: bool, differs: Callable[[Frame], bool]) -> list[Selected]:
        """As `push`, for callers that look for cuts and ask the model themselves.

        Args:
            frame: the next one.
            cut: a hard cut lies just before it.
            differs: whether it means something else than `meaning`; asked unless there is a cut.
        """
        copy = small_copy(frame.picture)
        if self._previous is None:
            selected = [self._select(frame, Reason.FIRST, copy)]
        elif cut:
            selected = self._end_shot(self._previous, Reason.CUT)
            selected.append(self._select(frame, Reason.CUT, copy, shot_start=True))
        else:
            selected = self._end_gaps(frame, copy)
            if differs(frame):
                selected += self._end_at(frame, Reason.SEMANTIC, copy)
            elif self._rules.are_apart(self._keyframe, frame):
                selected += self._end_at(frame, Reason.MAX_GAP, copy)
        self._previous = frame
        return selected

    @property
    def meaning(self) -> Frame:
        """The latest semantic keyframe; there is one from the first frame on."""
        return self._meaning

    def finish(self) -> list[Selected]:
        """See `KeyframeSelector.finish`."""
        return [] if self._previous is None else self._end_shot(self._previous, Reason.LAST)

    def _end_gaps(self, frame: Frame, copy: Picture) -> list[Selected]:
        """Keyframes that bridging needs before ``frame``, as far as they are certain."""
        return [] if self._tree is None else [self._bridge_to(end) for end in self._tree.push(frame, copy)]

    def _end_at(self, frame: Frame, reason: Reason, copy: Picture | None = None) -> list[Selected]:
        """Makes ``frame``, the newest, a keyframe if it is not one, and first those that the gap needs."""
        if frame is self._keyframe:
            return []
        earlier = [] if self._tree is None else self._tree.end_before(frame)
        return [*map(self._bridge_to, earlier), self._select(frame, reason, copy)]

    def _end_shot(self, last: Frame, reason: Reason) -> list[Selected]:
        """The keyframes that the newest frame, the last of a shot, needs before it, and itself if it pays."""
        if self._tree is None:
            return self._end_at(last, reason)
        if last is self._keyframe:
            return []
        return [
            self._select(last, reason, None) if frame is last else self._bridge_to(frame)
            for frame in self._tree.end_shot(last)
        ]

    def _means_something_else(self, frame: Frame) -> bool:
        if self._mllm is None or frame.index % self._rules.candidate_spacing:
            return False
        rules = self._rules
        (answer,) = self._mllm.compare(self._meaning.picture, [frame.picture], rules.focus)
        far_enough = frame.index - self._meaning.index >= rules.min_gap
        decision = differs(answer, rules.rule, rules.threshold) and far_enough
        self._tell(Comparison(frame, self._meaning.index, answer, decision))
        return decision

    def _bridge_to(self, frame: Frame) -> Selected:
        self._keyframe = frame
        return Selected(frame, Reason.BRIDGE)

    def _select(
        self, frame: Frame, reason: Reason, copy: Picture | None, shot_start: bool = False
    ) -> Selected:
        """Makes ``frame``, the newest, the latest keyframe."""
        self._keyframe = frame
        if self._tree is not None and copy is not None:
            self._tree.begin(frame, copy)
        if reason.opens_caption:
            self._meaning = frame
        return Selected(frame, reason, shot_start)
