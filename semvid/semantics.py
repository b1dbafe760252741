"""The semantic units: what is meant, before it becomes bits.

A transmission is one `StreamHeader`, then `Keyframe`, `Caption` and (only for sources whose time stamps are
irregular) `Timing` units as segments close, then one `StreamEnd`. Keyframe numbers count from 0 in time
order; segment ``n`` lies between keyframe ``n`` and keyframe ``n + 1`` (paper, notation), and where no
picture closes it (`Given.FIRST_FRAME`, `Given.NOTHING`) the last keyframe opens one more, up to the end.
All types are frozen and refuse impossible values when they are made, by our own code or from received bytes.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from semvid.errors import InvalidInput
from semvid.profile import Given

MAX_SIDE = 16_384  # pixels
MAX_FRAMES = 2**31 - 1
MAX_KEYFRAMES = 2**24
MAX_CAPTION_CHARS = 400
MAX_TIMING_FRAMES = 4_096  # frames whose time stamps fit into one Timing unit
MAX_PARTS = 4_096
MAX_PACKET_BYTES = 8_160  # of one keyframe part: with its framing it fits one transport block


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidInput(message)


def _in_range(name: str, value: int, low: int, high: int) -> None:
    _require(low <= value <= high, f"{name} must lie in {low}..{high}, got {value}")


class PictureCoding(StrEnum):
    """How keyframe packets depend on each other."""

    JOINT = "joint"  # one low-delay AV1 sequence; a lost packet spoils what follows until a refresh
    INTRA = "intra"  # every packet stands alone


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What the receiver must know before anything else can be shown.

    Attributes:
        width, height: size of the source and of the output, pixels, as displayed (rotation applied).
        coded_width, coded_height: size at which keyframes are coded; the receiver scales back.
        time_base: unit of all time stamps, seconds.
        frame_rate: nominal frames per second. Frame ``i`` is shown at
            ``first_pts + floor(i / (frame_rate * time_base) + phase)`` unless a `Timing` unit says otherwise.
        first_pts: time stamp of frame 0, in ``time_base``.
        coding: dependency between keyframe packets.
        seed: seed of every random draw at the receiver (0 .. 2**32 - 1).
        phase: where the container's rounding of time stamps falls, a multiple of 1/256 in 0 .. 255/256;
            1/2 is rounding to the nearest.
        given: what segments are to be drawn from. ``BOTH_ENDS``: the first and the last frame are keyframes,
            and segments are bridged. ``FIRST_FRAME``: every keyframe opens a segment that nothing closes.
            ``NOTHING``: the same, and no keyframe has a picture.
    """

    width: int
    height: int
    coded_width: int
    coded_height: int
    time_base: Fraction
    frame_rate: Fraction
    first_pts: int = 0
    coding: PictureCoding = PictureCoding.JOINT
    seed: int = 0
    phase: Fraction = Fraction(1, 2)
    given: Given = Given.BOTH_ENDS

    def __post_init__(self) -> None:
        for name in ("width", "height", "coded_width", "coded_height"):
            _in_range(name, getattr(self, name), 1, MAX_SIDE)
        for name in ("time_base", "frame_rate"):
            value: Fraction = getattr(self, name)
            _require(value > 0, f"{name} must be positive, got {value}")
            _in_range(f"{name} numerator", value.numerator, 1, 2**31 - 1)
            _in_range(f"{name} denominator", value.denominator, 1, 2**31 - 1)
        _in_range("first_pts", self.first_pts, -(2**62), 2**62)
        _in_range("seed", self.seed, 0, 2**32 - 1)
        _require(
            0 <= self.phase < 1 and 256 % self.phase.denominator == 0,
            f"phase must be a multiple of 1/256 in 0..255/256, got {self.phase}",
        )

    def nominal_pts(self, frame: int) -> int:
        """Time stamp of ``frame`` (units of ``time_base``) on the regular grid."""
        return self.first_pts + math.floor(frame / (self.frame_rate * self.time_base) + self.phase)


@dataclass(frozen=True, slots=True)
class Keyframe:
    """One keyframe picture, or one part of it when it does not fit into a transport block.

    Attributes:
        number: counts keyframes from 0 in time order.
        frame: index of the source frame.
        packet: bytes of the picture code (elementary stream, no container), or of this part of them; empty
            where only the beginning of a segment is marked and no picture is sent (`Given.NOTHING`).
        shot_start: a hard cut lies just before this frame; nothing may be interpolated across it.
        refresh: the packet decodes without any earlier one.
        part, parts: position of this part and number of parts.
    """

    number: int
    frame: int
    packet: bytes
    shot_start: bool = False
    refresh: bool = False
    part: int = 0
    parts: int = 1

    def __post_init__(self) -> None:
        _in_range("keyframe number", self.number, 0, MAX_KEYFRAMES)
        _in_range("keyframe frame", self.frame, 0, MAX_FRAMES)
        _require(self.frame >= self.number, f"keyframe {self.number} cannot sit at frame {self.frame}")
        _in_range("keyframe packet bytes", len(self.packet), 0, MAX_PACKET_BYTES)
        _in_range("keyframe parts", self.parts, 1, MAX_PARTS)
        _require(
            len(self.packet) > 0 or (self.parts == 1 and not self.refresh),
            f"keyframe {self.number} without a picture has no parts and refreshes nothing",
        )
        _in_range("keyframe part", self.part, 0, self.parts - 1)


@dataclass(frozen=True, slots=True)
class Caption:
    """One sentence and how much moves, for the segments from keyframe ``first`` up to keyframe ``last``.

    Keyframes that were only inserted because the receiver's decoder could not bridge a longer gap do not
    start a new caption, so one caption may span several segments: the paper's segment.

    Attributes:
        first, last: keyframe numbers.
        text: the sentence, at most 400 characters.
        motion: mean optical-flow magnitude of these segments (paper: side information), in eighths of a per
            mille of the picture diagonal per frame, 0..255 (saturating).
    """

    first: int
    last: int
    text: str
    motion: int = 0

    def __post_init__(self) -> None:
        _in_range("caption first keyframe", self.first, 0, MAX_KEYFRAMES)
        _in_range("caption last keyframe", self.last, self.first, MAX_KEYFRAMES)
        _require(
            len(self.text) <= MAX_CAPTION_CHARS,
            f"a caption holds at most {MAX_CAPTION_CHARS} characters, got {len(self.text)}",
        )
        _in_range("caption motion", self.motion, 0, 255)


@dataclass(frozen=True, slots=True)
class Timing:
    """Time stamps that leave the regular grid.

    Attributes:
        first_frame: index of the first frame described.
        offsets: for each frame from there on, its time stamp minus `StreamHeader.nominal_pts`,
            in units of ``time_base``.
    """

    first_frame: int
    offsets: tuple[int, ...]

    def __post_init__(self) -> None:
        _in_range("timing first frame", self.first_frame, 0, MAX_FRAMES)
        _in_range("timing frames", len(self.offsets), 1, MAX_TIMING_FRAMES)
        for offset in self.offsets:
            _in_range("timing offset", offset, -(2**62), 2**62)


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The source is over.

    Attributes:
        frames: number of frames of the source.
        keyframes: number of keyframes sent, those without picture included.
    """

    frames: int
    keyframes: int

    def __post_init__(self) -> None:
        _in_range("frames", self.frames, 1, MAX_FRAMES)
        _in_range("keyframes", self.keyframes, 1, min(MAX_KEYFRAMES, self.frames))


Unit = StreamHeader | Keyframe | Caption | Timing | StreamEnd
