"""Where segments begin that no second picture closes: GVSC's first frame + description, and text only.

Such a segment is generated from what opens it, so every one of them is described anew and none is longer than
the receiver's decoder can make. A segment begins at a hard cut; where the meaning has changed (SKEM's rule,
against the frame that opened the segment); or, at a fixed length, wherever the last one is full.
"""

from semvid.images.cuts import CutDetector
from semvid.mllm import Mllm
from semvid.psss import differs
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Comparison, Reason, Selected, Told
from transmitter.keyframes.skem import SkemRules


class Openings:
    """Walks through a video once.

    Args:
        mllm: compares meanings; None: nothing is compared, segments end at cuts and when they are full.
        rules: gaps are lengths of segments; a cut ends one that is shorter.
        tell: see `Told`.
    """

    def __init__(self, mllm: Mllm | None, rules: SkemRules, tell: Told = lambda _: None) -> None:
        self._mllm, self._rules, self._tell = mllm, rules, tell
        self._cuts = CutDetector()
        self._opening: Frame | None = None

    def push(self, frame: Frame) -> list[Selected]:
        """See `KeyframeSelector.push`."""
        cut = self._cuts.push(frame.picture)
        opening = self._opening
        if opening is None:
            reason = Reason.FIRST
        elif cut:
            reason = Reason.CUT
        elif self._means_something_else(opening, frame):
            reason = Reason.SEMANTIC
        elif frame.index - opening.index >= self._rules.max_gap:
            reason = Reason.INTERVAL
        else:
            return []
        self._opening = frame
        return [Selected(frame, reason, shot_start=reason is Reason.CUT)]

    def finish(self) -> list[Selected]:
        """See `KeyframeSelector.finish`; the last frame closes nothing here."""
        return []

    def _means_something_else(self, opening: Frame, frame: Frame) -> bool:
        rules, distance = self._rules, frame.index - opening.index
        if self._mllm is None or frame.index % rules.candidate_spacing or distance < rules.min_gap:
            return False
        (answer,) = self._mllm.compare(opening.picture, [frame.picture], rules.focus)
        decision = differs(answer, rules.rule, rules.threshold)
        self._tell(Comparison(frame, opening.index, answer, decision))
        return decision
