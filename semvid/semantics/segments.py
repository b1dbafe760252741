"""What is said of segments beside their keyframes: what happens in them, and when their frames are shown."""

from dataclasses import dataclass

from semvid.semantics.bounds import MAX_FRAMES, MAX_KEYFRAMES, in_range, require

MAX_CAPTION_CHARS = 400
MAX_TIMING_FRAMES = 4_096  # frames whose time stamps fit into one Timing unit
MAX_OFFSET = 2**62 - 1  # of a time stamp from the regular grid; differences of two fit 64 bits


@dataclass(frozen=True, slots=True)
class Caption:
    """One sentence and how much moves, for the segments from keyframe ``first`` up to keyframe ``last``.

    Keyframes that were only inserted because the receiver's decoder could not bridge a longer gap do not
    start a new caption, so one caption may span several segments: the paper's segment.

    Attributes:
        first, last: keyframe numbers; where the last keyframe of a video is held, ``last`` may be one past
            it: the end.
        text: the sentence, at most 400 characters.
        motion: mean optical-flow magnitude of these segments (paper: side information), in eighths of a per
            mille of the picture diagonal per frame, 0..255 (saturating).
    """

    first: int
    last: int
    text: str
    motion: int = 0

    def __post_init__(self) -> None:
        in_range("caption first keyframe", self.first, 0, MAX_KEYFRAMES)
        in_range("caption last keyframe", self.last, self.first, MAX_KEYFRAMES)
        require(
            len(self.text) <= MAX_CAPTION_CHARS,
            f"a caption holds at most {MAX_CAPTION_CHARS} characters, got {len(self.text)}",
        )
        in_range("caption motion", self.motion, 0, 255)


@dataclass(frozen=True, slots=True)
class Timing:
    """Time stamps that leave the regular grid, or the distance from it that frames had before.

    Attributes:
        first_frame: index of the first frame described.
        offsets: for each frame from there on, its time stamp minus `StreamHeader.nominal_pts`,
            in units of ``time_base``. The last one holds for the frames that follow, up to the next unit.
    """

    first_frame: int
    offsets: tuple[int, ...]

    def __post_init__(self) -> None:
        in_range("timing first frame", self.first_frame, 0, MAX_FRAMES)
        in_range("timing frames", len(self.offsets), 1, MAX_TIMING_FRAMES)
        for offset in self.offsets:
            in_range("timing offset", offset, -MAX_OFFSET, MAX_OFFSET)
