"""What to show between two decoded keyframes: the plan of a gap.

Pure: frame numbers in, runs of frames out. Every frame of the video lies in exactly one run of one plan.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from semvid.faces.track import FaceTrack, Portrait
from semvid.profile import Given
from semvid.semantics import Timing


class Provenance(StrEnum):
    """Where a frame's picture comes from."""

    RECEIVED = "received"  # a keyframe, copied
    REGENERATED = "regenerated"  # between two neighbouring keyframes that both arrived
    CONCEALED = "concealed"  # something was lost here; the picture is a guess


class Fill(StrEnum):
    """How the frames of a run are made."""

    COPY = "copy"  # the keyframe that ends the gap
    BRIDGE = "bridge"  # regenerated from the keyframes on both sides
    DRAW = "draw"  # regenerated from the caption, and the first frame if there is one
    ANIMATE = "animate"  # a portrait that moves as was said
    HOLD_START = "hold_start"  # the keyframe before the gap, repeated
    HOLD_END = "hold_end"  # the keyframe after the gap, repeated


@dataclass(frozen=True, slots=True)
class Anchor:
    """A keyframe that arrived and was decoded.

    Attributes:
        number: of the keyframe.
        frame: of the source that it shows.
        shot_start: a hard cut lies just before it.
        pictured: it has a picture; otherwise it only marks where a segment begins.
        guessed: what of its picture did not arrive and was made up for; empty: nothing.
    """

    number: int
    frame: int
    shot_start: bool = False
    pictured: bool = True
    guessed: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """The frames between two anchors, and the anchor at the end.

    Attributes:
        start: anchor before the first frame; None at the beginning of the video.
        end: anchor after the last frame; None at the end of the video.
        stop_frame: one past the last frame between the anchors (the frame of ``end`` if there is one).
        loss: why keyframes between the anchors are missing; empty when none is.
        cut: frame of the last hard cut known between the anchors, that of ``end`` not counted.
        caption: of the segment that ``start`` opens; empty when it did not arrive.
        motion: that of the caption, fraction of the picture diagonal per frame; None when none arrived.
        timings: time stamps off the regular grid, those that begin in this gap or before.
        given: what its frames are to be drawn from.
        face: that ``start`` is a portrait of, and how it moves; None: nothing is animated.
        end_face: that ``end`` is a portrait of.
    """

    start: Anchor | None
    end: Anchor | None
    stop_frame: int
    loss: str = ""
    cut: int | None = None
    caption: str = ""
    motion: float | None = None
    timings: tuple[Timing, ...] = ()
    given: Given = Given.BOTH_ENDS
    face: FaceTrack | None = None
    end_face: Portrait | None = None

    @property
    def segment(self) -> int:
        """Number of the keyframe that opens the (first) segment in it."""
        return 0 if self.start is None else self.start.number

    @property
    def first_frame(self) -> int:
        """The first frame whose picture is not that of the start anchor."""
        return 0 if self.start is None else self.start.frame + self.start.pictured


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive frames that are made the same way.

    Attributes:
        segment: number of the keyframe that opens the segment, or that is copied.
        first_frame, stop_frame: the frames, half open.
        fill: how they are made.
        provenance: what they are worth.
        reason: why they are no ordinary regeneration; empty when they are.
    """

    segment: int
    first_frame: int
    stop_frame: int
    fill: Fill
    provenance: Provenance
    reason: str = ""

    def __len__(self) -> int:
        return self.stop_frame - self.first_frame


ALL_KINDS = frozenset(Given)


def plan(gap: Gap, draws_from: frozenset[Given] = ALL_KINDS) -> list[Run]:
    """Runs that cover the frames of ``gap`` and the picture of its end anchor, each once, in order.

    Args:
        gap: what is to be shown.
        draws_from: what the decoder can draw a segment from (`Profile.draws_from`). The first frame of a
            segment is held by a decoder that cannot go on from it.

    Nothing is interpolated across a hard cut: before it the start anchor is held, after it the end anchor.
    Where a lost keyframe may have started another shot nobody knows; its neighbours are then bridged.
    """
    provenance = Provenance.CONCEALED if gap.loss else Provenance.REGENERATED
    first, stop = gap.first_frame, gap.stop_frame

    def run(first: int, stop: int, fill: Fill, reason: str) -> Run:
        return Run(gap.segment, first, stop, fill, provenance, reason)

    if gap.start is None and gap.end is None:
        raise ValueError("a gap needs an anchor on at least one side")
    if gap.given is Given.NOTHING:
        runs = [run(first, stop, Fill.DRAW, gap.loss)]
    elif gap.given is Given.FIRST_FRAME and gap.start is not None:
        if Given.FIRST_FRAME in draws_from:
            runs = [run(first, stop, Fill.DRAW, gap.loss)]
        else:
            runs = [run(first, stop, Fill.HOLD_START, gap.loss or "held: the decoder needs both ends")]
    elif gap.face is not None and gap.start is not None:
        runs = list(_animated(gap, gap.face, gap.start))
        if gap.cut is not None:
            runs.append(run(gap.cut, stop, Fill.HOLD_END if gap.end else Fill.HOLD_START, gap.loss))
    elif gap.start is None:
        runs = [run(first, stop, Fill.HOLD_END, gap.loss)]
    elif gap.end is None:
        runs = [run(first, stop, Fill.HOLD_START, gap.loss or "the video ends with this segment")]
    elif gap.end.shot_start:
        runs = [run(first, stop, Fill.HOLD_START, gap.loss or "a cut ends this segment")]
    elif gap.cut is not None:
        reason = "; ".join(filter(None, [gap.loss, f"a cut lies at frame {gap.cut}"]))
        runs = [
            run(first, gap.cut, Fill.HOLD_START, reason),
            run(gap.cut, stop, Fill.HOLD_END, reason),
        ]
    else:
        runs = [run(first, stop, Fill.BRIDGE, gap.loss)]
    if gap.end is not None and gap.end.pictured:
        end = gap.end.frame
        runs.append(Run(gap.end.number, end, end + 1, Fill.COPY, Provenance.RECEIVED, gap.end.guessed))
    return [run for run in runs if len(run)]


def _animated(gap: Gap, face: FaceTrack, start: Anchor) -> Iterator[Run]:
    """The frames of a gap up to a cut, split where what is known of the face changes."""
    frames = range(gap.first_frame, gap.stop_frame if gap.cut is None else gap.cut)
    for known, group in groupby(frames, lambda frame: face.is_known(frame - start.frame)):
        run = list(group)
        provenance = Provenance.REGENERATED if known and not gap.loss else Provenance.CONCEALED
        how = "animated from a portrait" if known else "how the face moves did not arrive"
        reason = "; ".join(filter(None, [gap.loss, how]))
        yield Run(gap.segment, run[0], run[-1] + 1, Fill.ANIMATE, provenance, reason)


def segment_seed(seed: int, first_frame: int, last_frame: int) -> int:
    """Seed of one segment (0 .. 2**64 - 1), independent of the order in which segments are made.

    Args:
        seed: of the video (`StreamHeader.seed`).
        first_frame, last_frame: frames of the keyframes on both sides.
    """
    words = b"".join(value.to_bytes(8, "little") for value in (seed, first_frame, last_frame))
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little")
