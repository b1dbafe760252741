"""What a video decoder is, and what it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.profile import Given, Profile


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRequest:
    """The semantics of one segment, from which its frames are to be drawn (paper, receiver).

    Attributes:
        start: keyframe before the first frame wanted, uint8 RGB [height, width, 3]; not to be changed. None:
            there is none, and its frame is wanted too.
        end: keyframe after the last frame wanted, likewise; never without ``start``. None: nothing closes
            the segment.
        width, height: of the video and of all its pictures, pixels.
        caption: what happens; empty when it was lost.
        motion: mean optical-flow magnitude, fraction of the picture diagonal per frame; None when lost.
        num_frames: wanted, exactly; at least 1. The keyframes are not among them.
        frame_rate: of the video, nominal, frames per second.
        seed: of every random draw, 0 .. 2**64 - 1.
    """

    start: Picture | None
    end: Picture | None
    width: int
    height: int
    caption: str
    motion: float | None
    num_frames: int
    frame_rate: float
    seed: int

    @property
    def given(self) -> Given:
        """What the frames are to be drawn from."""
        if self.start is None:
            return Given.NOTHING
        return Given.FIRST_FRAME if self.end is None else Given.BOTH_ENDS

    @property
    def first(self) -> int:
        """The first frame wanted, counted from the segment's first: 1 behind a keyframe, else 0."""
        return int(self.start is not None)

    @property
    def span(self) -> int:
        """Frames from the segment's first to its last, keyframes included; 0 where these are the same."""
        return self.num_frames - 1 + self.first + (self.end is not None)

    def require(self, profile: Profile) -> None:
        """Refuses what a decoder has not announced that it can do.

        Raises:
            InvalidInput: names the decoder.
        """
        if self.given not in profile.draws_from:
            raise InvalidInput(
                f"decoder {profile.name} was asked to draw from {self.given}, and announced that it draws "
                f"from {', '.join(sorted(profile.draws_from))}; send another kind of stream (docs/modes.md)"
            )

    def both_ends(self, profile: Profile) -> tuple[Picture, Picture]:
        """``start`` and ``end``, for a decoder that draws from nothing less. Raises as `require`."""
        self.require(profile)
        assert self.start is not None
        assert self.end is not None
        return self.start, self.end


class Decoder(Protocol):
    """Regenerates the frames of a segment from its semantics.

    One decoder serves all videos; `generate` is called from several threads at once. Pickled, it is its name
    and its options: whoever unpickles it loads it again.

    Attributes:
        profile: what it bridges well and what it draws from; announced to the sender.
        uses_captions: a segment's regeneration waits for its caption while that may still come.
    """

    @property
    def profile(self) -> Profile:
        """What it bridges well, and what it draws from (`Profile.draws_from`)."""

    @property
    def uses_captions(self) -> bool:
        """Whether the caption changes the result."""

    def generate(
        self,
        request: SegmentRequest,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """Yields the frames wanted, in order, lazily. Equal requests give equal frames.

        Args:
            request: the segment.
            progress: to be told the share done, 0..1.
            cancelled: when it turns true, raise `Cancelled` soon.

        Yields:
            uint8 RGB [height, width, 3], `SegmentRequest.num_frames` of them.

        Raises:
            InvalidInput: the profile has not announced this kind of segment (`SegmentRequest.require`).
            Cancelled: ``cancelled`` said so.
        """
