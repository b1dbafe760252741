"""Keyframes where a face is followed: portraits, and where there is none what any selector chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.points import LANDMARKS
from semvid.faces.shape import Points, placement_of
from semvid.images.cuts import CutDetector
from semvid.images.types import Picture
from semvid.semantics import SideUnit
from semvid.video.reader import Frame
from transmitter.faces.span import Span
from transmitter.keyframes.selection import KeyframeSelector, Reason, Selected, Selecting, Selection

SMALLEST_FACE: Final = 0.1
"""Of the shorter side of the picture, from one outer corner of the eyes to the other."""

_AWAY_S: Final = 0.5  # from leaving the mode to entering it anew, so that what flickers costs few keyframes


class PortraitSelector:
    """Walks through a video once; see `transmitter.keyframes.selection.KeyframeSelector`.

    Where a face of some size is there, its frame becomes a keyframe, and what follows is said by numbers, as
    long as the face stays in the portrait's reach; then another portrait follows. Where the face is gone, or
    the shot, the mode is left.

    Args:
        faces: finds them.
        otherwise: makes the selector of a stretch without.
        frame_rate: of the video.
    """

    def __init__(
        self, faces: FaceLandmarks, otherwise: Callable[[], KeyframeSelector], frame_rate: Fraction
    ) -> None:
        self._faces, self._make_other, self._rate = faces, otherwise, frame_rate
        self._cuts = CutDetector()
        self._span: Span | None = None
        self._other: KeyframeSelector | None = None
        self._left_at: int | None = None  # frame at which the mode was left, in this shot
        self._selected = 0
        self._unsaid: list[SideUnit] = []

    def push(self, frame: Frame) -> list[Selected]:
        """See `KeyframeSelector.push`."""
        cut = self._cuts.push(frame.picture)
        if cut:
            self._faces.forget()
            self._left_at = None
        face = large_face(self._faces, frame.picture)
        if self._span is not None:
            stays = not cut and face is not None and self._span.takes(frame, face)
            return [] if stays else self._end_span(frame, face, cut)
        if face is not None and self._may_begin(frame):
            before = self._counted(self.finish())
            return [*before, self._begin_span(frame, face, cut, Reason.CUT if cut else Reason.SEMANTIC)]
        return self._pushed_to_other(frame)

    def finish(self) -> list[Selected]:
        """See `KeyframeSelector.finish`; a face that is still there needs no keyframe to end with."""
        if self._span is not None:
            self._unsaid += self._span.motions()
            self._span = None
        other, self._other = self._other, None
        return [] if other is None else other.finish()

    def said(self) -> list[SideUnit]:
        """What is to be said of faces beside the keyframes selected last; once."""
        said, self._unsaid = self._unsaid, []
        return said

    def _end_span(self, frame: Frame, face: Points | None, cut: bool) -> list[Selected]:
        """Ends it before ``frame``, which is a keyframe in any case."""
        self.finish()
        if face is not None:
            return [self._begin_span(frame, face, cut, Reason.CUT if cut else Reason.PORTRAIT)]
        self._left_at = None if cut else frame.index
        first, *more = self._pushed_to_other(frame)
        return [replace(first, shot_start=cut), *more]

    def _begin_span(self, frame: Frame, face: Points, cut: bool, reason: Reason) -> Selected:
        number, self._selected = self._selected, self._selected + 1
        self._span = Span(number, frame, face, self._rate)
        self._unsaid.append(self._span.shape)
        return Selected(frame, reason if number else Reason.FIRST, shot_start=cut)

    def _pushed_to_other(self, frame: Frame) -> list[Selected]:
        if self._other is None:
            self._other = self._make_other()
        return self._counted(self._other.push(frame))

    def _counted(self, selected: list[Selected]) -> list[Selected]:
        self._selected += len(selected)
        return selected

    def _may_begin(self, frame: Frame) -> bool:
        return self._left_at is None or frame.index - self._left_at >= _AWAY_S * self._rate


def selecting_portraits(faces: FaceLandmarks, otherwise: Selecting, frame_rate: Fraction) -> Selecting:
    """Begins what a `PortraitSelector` selects; where there is no face, what ``otherwise`` begins."""

    def begun(price: Callable[[], float]) -> Selection:
        selector = PortraitSelector(faces, lambda: otherwise(price).selector, frame_rate)
        return Selection(selector, selector.said)

    return begun


def large_face(faces: FaceLandmarks, picture: Picture) -> Points | None:
    """The points of the face in the next picture, pixels; None where there is none, or a small one."""
    found = faces.find(picture)
    if found is None:
        return None
    points = found[list(LANDMARKS), :2].astype(np.float64)
    large = placement_of(points).size >= SMALLEST_FACE * min(picture.shape[:2])
    return points if large else None
