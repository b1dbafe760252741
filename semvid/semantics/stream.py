"""What is said of a whole video: what comes first, and what comes last."""

import math
from dataclasses import dataclass
from fractions import Fraction

from semvid.profile import Given
from semvid.semantics.bounds import MAX_FRAMES, MAX_KEYFRAMES, in_range, require
from semvid.semantics.coding import PictureCoding
from semvid.semantics.hdr import HdrColour

MAX_SIDE = 16_384  # pixels
MAX_ASPECT_PART = 4_096  # of the shape of a pixel; what libx264 writes down
MAX_HOLD = 2**31 - 1  # of the last frame, units of the time base: what an MP4 sample can last
MAX_ANALOGUE_PIXELS = 2**20  # of a keyframe without bits, as coded: bounds what its network takes of memory
MAX_FINISH = 7  # of what is put back into keyframes


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What the receiver must know before anything else can be shown.

    Attributes:
        width, height: size of the source and of the output, pixels, as displayed (rotation applied).
        coded_width, coded_height: size at which keyframes are coded; the receiver scales back.
        time_base: unit of all time stamps, seconds; they count from frame 0.
        frame_rate: nominal frames per second. Frame ``i`` is shown at
            ``floor(i / (frame_rate * time_base) + phase)`` unless a `Timing` unit says otherwise.
        coding: dependency between keyframe packets.
        seed: seed of every random draw at the receiver (0 .. 2**32 - 1).
        phase: where the container's rounding of time stamps falls, a multiple of 1/256 in 0 .. 255/256;
            1/2 is rounding to the nearest.
        given: what segments are to be drawn from. ``BOTH_ENDS``: they are bridged, and at the end of a shot
            the last keyframe may be held. ``FIRST_FRAME``: every keyframe opens a segment that nothing
            closes. ``NOTHING``: the same, and no keyframe has a picture.
        detail, restoration: what the receiver puts back into keyframes, 0 .. `MAX_FINISH` each, not both
            (`semvid.images.finishing`).
        pixel_aspect: width over height of a pixel, as displayed; coding and CBR know nothing of it.
        hdr: what the pictures are that stay HDR; None: they are of BT.709.
    """

    width: int
    height: int
    coded_width: int
    coded_height: int
    time_base: Fraction
    frame_rate: Fraction
    coding: PictureCoding = PictureCoding.PYRAMID
    seed: int = 0
    phase: Fraction = Fraction(1, 2)
    given: Given = Given.BOTH_ENDS
    detail: int = 0
    pixel_aspect: Fraction = Fraction(1)
    restoration: int = 0
    hdr: HdrColour | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height", "coded_width", "coded_height"):
            in_range(name, getattr(self, name), 1, MAX_SIDE)
        for name in ("time_base", "frame_rate"):
            value: Fraction = getattr(self, name)
            require(value > 0, f"{name} must be positive, got {value}")
            in_range(f"{name} numerator", value.numerator, 1, 2**31 - 1)
            in_range(f"{name} denominator", value.denominator, 1, 2**31 - 1)
        in_range("seed", self.seed, 0, 2**32 - 1)
        in_range("detail", self.detail, 0, MAX_FINISH)
        in_range("restoration", self.restoration, 0, MAX_FINISH)
        require(
            self.coding is not PictureCoding.JSCC
            or self.coded_width * self.coded_height <= MAX_ANALOGUE_PIXELS,
            f"with coding jscc keyframes have at most {MAX_ANALOGUE_PIXELS} pixels, got "
            f"{self.coded_width}x{self.coded_height}; scale the video down",
        )
        require(not (self.detail and self.restoration), "keyframes are restored or given detail, not both")
        in_range("pixel_aspect numerator", self.pixel_aspect.numerator, 1, MAX_ASPECT_PART)
        in_range("pixel_aspect denominator", self.pixel_aspect.denominator, 1, MAX_ASPECT_PART)
        require(
            0 <= self.phase < 1 and 256 % self.phase.denominator == 0,
            f"phase must be a multiple of 1/256 in 0..255/256, got {self.phase}",
        )

    def nominal_pts(self, frame: int) -> int:
        """Time stamp of ``frame`` (units of ``time_base``) on the regular grid."""
        return math.floor(frame / (self.frame_rate * self.time_base) + self.phase)


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The source is over.

    Attributes:
        frames: number of frames of the source.
        keyframes: number of keyframes sent, those without picture included.
        hold: how long the last frame is shown, units of ``time_base``; None: one step of the regular grid.
    """

    frames: int
    keyframes: int
    hold: int | None = None

    def __post_init__(self) -> None:
        in_range("frames", self.frames, 1, MAX_FRAMES)
        in_range("keyframes", self.keyframes, 1, min(MAX_KEYFRAMES, self.frames))
        if self.hold is not None:
            in_range("hold", self.hold, 1, MAX_HOLD)
