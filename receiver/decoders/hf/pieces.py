"""From a gap of any length to clips that a generative model can make, and back to exactly the gap's frames.

Pure: frame numbers in, frame numbers out. Frames of a gap are counted from the keyframe before it (0) to the
keyframe after it (``span``); what is to be made lies strictly between.

- Where the model takes the end keyframe at any frame, the clip is rounded up to the model's grid of lengths
  and what lies behind the keyframe is cut off: nothing is resampled.
- Where the end keyframe must sit last (or just behind the last frame), the clip is rounded up and the nearest
  of its frames are shown: it is squeezed by less than one step of the grid.
- A gap longer than the longest clip is made coarse to fine: one clip spans all of it, some of its frames
  become keyframes of their own, and the gaps between these are made like any other.

Paper: dynamic segment adaptation (DSA) is `pieces`, fixed segments (SFA) `fixed_piece`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from semvid.errors import InvalidInput

_LEAST = 5  # frames of a longest clip, so that halves of what is too long still have frames between


class EndPlace(StrEnum):
    """Where in its clip a model takes the end keyframe."""

    ANYWHERE = "anywhere"
    LAST = "last"  # it is the last frame
    BEHIND = "behind"  # it would be the frame after the last


@dataclass(frozen=True, slots=True)
class ClipRules:
    """What clips a model makes.

    Attributes:
        frame_grid: lengths are ``frame_grid * k + 1`` frames, k >= 1.
        size_grid: sides are multiples of this, pixels.
        longest: frames of the longest clip.
        end: where the end keyframe may be.
    """

    frame_grid: int
    size_grid: int
    longest: int
    end: EndPlace

    def __post_init__(self) -> None:
        if self.frame_grid < 1 or self.size_grid < 1:
            raise InvalidInput(f"grids must be at least 1, got {self.frame_grid} and {self.size_grid}")
        least = max(_LEAST, self.frame_grid + 1)
        if self.longest < least or (self.longest - 1) % self.frame_grid:
            raise InvalidInput(
                f"the model makes clips of {self.frame_grid}k+1 frames, at least {least}; "
                f"a longest clip of {self.longest} is none of them"
            )

    @property
    def longest_span(self) -> int:
        """Frames from keyframe to keyframe that one clip can fill without leaving any out."""
        return self.place_of_end(self.longest)

    def place_of_end(self, frames: int) -> int:
        """Index of the end keyframe, as far back as it may be in a clip of ``frames``."""
        return frames if self.end is EndPlace.BEHIND else frames - 1

    def frames_for(self, span: int) -> int:
        """Shortest clip with room for ``span`` frames from keyframe to keyframe."""
        least = span if self.end is EndPlace.BEHIND else span + 1
        return max(1, -(-(least - 1) // self.frame_grid)) * self.frame_grid + 1

    def capped(self, frames: int) -> ClipRules:
        """The same with clips of at most ``frames`` frames.

        Raises:
            InvalidInput: there is none that short.
        """
        return replace(self, longest=(frames - 1) // self.frame_grid * self.frame_grid + 1)


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip to be made.

    Attributes:
        start, end: frames of the gap whose pictures are its keyframes; they are known by the time it is made.
        frames: length of the clip.
        pin: index of the end keyframe in the clip; ``frames`` when it is behind the last.
        shown: pairs of a frame of the gap and the index in the clip of the picture that it gets, in order.
        coarse: the pictures shown are not final but keyframes of the pieces that follow.
    """

    start: int
    end: int
    frames: int
    pin: int
    shown: tuple[tuple[int, int], ...]
    coarse: bool = False


def pieces(span: int, rules: ClipRules, start: int = 0) -> Iterator[Piece]:
    """Clips that fill a gap of ``span`` frames from frame ``start`` on (DSA), in the order of their making.

    The pieces that are not coarse show every frame strictly between in order, each once, except those that a
    coarse piece has shown before.
    """
    end = start + span
    if span < 2:
        return
    if span <= rules.longest_span:
        frames = rules.frames_for(span)
        pin = span if rules.end is EndPlace.ANYWHERE else rules.place_of_end(frames)
        yield Piece(start, end, frames, pin, _stretched(start, range(start + 1, end), span, pin))
        return
    pin = rules.place_of_end(rules.longest)
    parts = min(-(-span // rules.longest_span), pin)
    cuts = [start + span * part // parts for part in range(parts + 1)]
    yield Piece(start, end, rules.longest, pin, _stretched(start, cuts[1:-1], span, pin), coarse=True)
    for left, right in pairwise(cuts):
        yield from pieces(right - left, rules, left)


def fixed_piece(span: int, rules: ClipRules) -> Piece:
    """The one clip of full length that fills a gap of any length (SFA); frames are repeated or left out."""
    pin, last = rules.place_of_end(rules.longest), rules.longest - 1
    shown = tuple((frame, min(index, last)) for frame, index in _stretched(0, range(1, span), span, pin))
    return Piece(0, span, rules.longest, pin, shown)


def _stretched(start: int, shown: range | list[int], span: int, pin: int) -> tuple[tuple[int, int], ...]:
    """The nearest index of a clip for each frame; halves go down, so that the keyframe is never reached."""
    return tuple((frame, (2 * (frame - start) * pin + span - 1) // (2 * span)) for frame in shown)
