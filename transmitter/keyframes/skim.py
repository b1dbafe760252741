"""SKIM: equidistant keyframes (paper, SKIM), with hard cuts."""

from semvid.errors import InvalidInput
from semvid.images.cuts import CutDetector
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Reason, Selected


class Skim:
    """``count`` keyframes at equal intervals, first and last frame among them.

    Hard cuts add a keyframe on both sides, which the paper's SKIM lacks: nothing can be interpolated across.

    Args:
        frames: number of frames of the video, as far as it is known beforehand.
        count: keyframes, at least 2.

    Raises:
        InvalidInput: fewer than two keyframes.
    """

    def __init__(self, frames: int, count: int) -> None:
        if count < 2:
            raise InvalidInput(f"SKIM needs at least 2 keyframes, got {count}")
        last = max(0, frames - 1)
        self._wanted = {round(last * n / (count - 1)) for n in range(count)}
        self._cuts = CutDetector()
        self._previous: Frame | None = None
        self._previous_selected = False

    def push(self, frame: Frame) -> list[Selected]:
        """See `KeyframeSelector.push`."""
        selected: list[Selected] = []
        cut = self._cuts.push(frame.picture)
        if cut and self._previous is not None and not self._previous_selected:
            selected.append(Selected(self._previous, Reason.CUT))
        chosen = cut or frame.index in self._wanted or frame.index == 0
        if chosen:
            reason = Reason.FIRST if frame.index == 0 else Reason.CUT if cut else Reason.INTERVAL
            selected.append(Selected(frame, reason, shot_start=cut))
        self._previous, self._previous_selected = frame, chosen
        return selected

    def finish(self) -> list[Selected]:
        """See `KeyframeSelector.finish`."""
        if self._previous is None or self._previous_selected:
            return []
        return [Selected(self._previous, Reason.LAST)]
