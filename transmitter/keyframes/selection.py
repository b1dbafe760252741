"""What a keyframe selector takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from semvid.psss import Answer
from semvid.semantics import SideUnit
from semvid.video.reader import Frame


class Reason(StrEnum):
    """Why a frame became a keyframe."""

    FIRST = "first"
    LAST = "last"
    SEMANTIC = "semantic"  # it means something else than the latest semantic keyframe
    CUT = "cut"  # a hard cut lies just before or just after it
    BRIDGE = "bridge"  # the receiver's decoder could not bridge a longer gap well
    MAX_GAP = "max_gap"  # the longest gap that the decoder bridges, or that was allowed, is over
    INTERVAL = "interval"  # equidistant (SKIM)
    PORTRAIT = "portrait"  # the face has left the reach of the portrait before it (docs/portrait.md)

    @property
    def opens_caption(self) -> bool:
        """Whether what follows is described anew (docs/decisions/0003)."""
        return self in (Reason.FIRST, Reason.SEMANTIC, Reason.CUT, Reason.INTERVAL)


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """A keyframe.

    Attributes:
        frame: the source frame.
        reason: why.
        shot_start: a hard cut lies just before it.
    """

    frame: Frame
    reason: Reason
    shot_start: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One question that was put to the multimodal model.

    Attributes:
        frame: the candidate.
        reference_frame: index of the keyframe that it was compared with.
        answer: of the model.
        decision: whether the candidate became a keyframe because of it.
    """

    frame: Frame
    reference_frame: int
    answer: Answer
    decision: bool


Told: TypeAlias = Callable[[Comparison], None]
"""Hears of every comparison, in the order of the candidates."""


class KeyframeSelector(Protocol):
    """Walks through a video once, frame by frame, in bounded memory."""

    def push(self, frame: Frame) -> list[Selected]:
        """Takes the next frame; gives the keyframes that are certain now, in order, earlier ones too."""

    def finish(self) -> list[Selected]:
        """The keyframes that were still open when the video ended."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The keyframes of one video, and what its selector has to say of them.

    Attributes:
        selector: of keyframes.
        said: units beside the keyframes selected last, each given once.
    """

    selector: KeyframeSelector
    said: Callable[[], list[SideUnit]] = list


Selecting: TypeAlias = Callable[[Callable[[], float]], Selection]
"""Begins a selection; what it takes gives the price of a keyframe, which may change as the video goes on."""
