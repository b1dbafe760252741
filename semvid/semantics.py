"""The semantic units: what is meant, before it becomes bits.

A transmission is one `StreamHeader` (and a `SoundHeader` where there is sound), then keyframes in groups,
`Caption` and (only for sources whose time stamps are irregular) `Timing` units as segments close, with
`semvid.faces.units` where a portrait is animated, and
`SoundPackets` ahead of the segments that they are heard with, then one `StreamEnd`. Keyframe numbers
count from 0 in time order; segment ``n`` lies between keyframe ``n`` and keyframe ``n + 1`` (paper,
notation), and where no picture closes it (`Given.FIRST_FRAME`, `Given.NOTHING`) the last keyframe opens one
more, up to the end. A transmission of answers has none of these (`semvid.answers`).
All types are frozen and refuse impossible values when they are made, by our own code or from received bytes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate, pairwise

from semvid.answers import TaskAnswer, TaskHeader
from semvid.errors import InvalidInput
from semvid.faces.units import FaceMotion, FaceShape
from semvid.profile import Given

MAX_SIDE = 16_384  # pixels
MAX_ASPECT_PART = 4_096  # of the shape of a pixel; what libx264 writes down
MAX_FRAMES = 2**31 - 1
MAX_KEYFRAMES = 2**24
MAX_CAPTION_CHARS = 400
MAX_TIMING_FRAMES = 4_096  # frames whose time stamps fit into one Timing unit
MAX_OFFSET = 2**62 - 1  # of a time stamp from the regular grid; differences of two fit 64 bits
MAX_HOLD = 2**31 - 1  # of the last frame, units of the time base: what an MP4 sample can last
MAX_GROUP = 64  # keyframes that are decoded together
MAX_PACKET_BYTES = 2**24 - 1
MAX_GROUP_BYTES = 2**26
MAX_ANALOGUE_SIDE_BYTES = 1_000  # beside one keyframe; all of it travels in one protected transport block
MAX_ANALOGUE_PIXELS = 2**20  # of a keyframe without bits, as coded: bounds what its network takes of memory
MAX_FINISH = 7  # of what is put back into keyframes
ALL_SLOTS = 255  # of the picture decoder, a bit mask
MAX_SOUND_PACKETS = 256  # in one unit
MAX_SOUND_PACKET_BYTES = 4_095
MAX_SOUND_PACKET_MS = 1_000
MAX_SOUND_NUMBER = 2**24  # of a packet: 93 hours of 20 ms


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidInput(message)


def _in_range(name: str, value: int, low: int, high: int) -> None:
    _require(low <= value <= high, f"{name} must lie in {low}..{high}, got {value}")


def _check_place(number: int, frame: int) -> None:
    _in_range("keyframe number", number, 0, MAX_KEYFRAMES)
    _in_range("keyframe frame", frame, 0, MAX_FRAMES)
    _require(frame >= number, f"keyframe {number} cannot sit at frame {frame}")


class PictureCoding(StrEnum):
    """How keyframe packets depend on each other."""

    PYRAMID = "pyramid"  # hierarchical AV1: anchors, and layers of pictures predicted from both sides
    LOW_DELAY = "low-delay"  # each is predicted from earlier ones; a lost packet spoils what follows
    INTRA = "intra"  # every packet stands alone
    TOKENS = "tokens"  # the same, of tokens; those that miss are drawn by the receiver (docs/tokens.md)
    JSCC = "jscc"  # each stands alone and crosses as symbols without bits (docs/jscc.md)
    PORTRAIT = "portrait"  # low delay; between two lies a face that moves as numbers say (docs/portrait.md)


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

    def __post_init__(self) -> None:
        for name in ("width", "height", "coded_width", "coded_height"):
            _in_range(name, getattr(self, name), 1, MAX_SIDE)
        for name in ("time_base", "frame_rate"):
            value: Fraction = getattr(self, name)
            _require(value > 0, f"{name} must be positive, got {value}")
            _in_range(f"{name} numerator", value.numerator, 1, 2**31 - 1)
            _in_range(f"{name} denominator", value.denominator, 1, 2**31 - 1)
        _in_range("seed", self.seed, 0, 2**32 - 1)
        _in_range("detail", self.detail, 0, MAX_FINISH)
        _in_range("restoration", self.restoration, 0, MAX_FINISH)
        _require(
            self.coding is not PictureCoding.JSCC
            or self.coded_width * self.coded_height <= MAX_ANALOGUE_PIXELS,
            f"with coding jscc keyframes have at most {MAX_ANALOGUE_PIXELS} pixels, got "
            f"{self.coded_width}x{self.coded_height}; scale the video down",
        )
        _require(not (self.detail and self.restoration), "keyframes are restored or given detail, not both")
        _in_range("pixel_aspect numerator", self.pixel_aspect.numerator, 1, MAX_ASPECT_PART)
        _in_range("pixel_aspect denominator", self.pixel_aspect.denominator, 1, MAX_ASPECT_PART)
        _require(
            0 <= self.phase < 1 and 256 % self.phase.denominator == 0,
            f"phase must be a multiple of 1/256 in 0..255/256, got {self.phase}",
        )

    def nominal_pts(self, frame: int) -> int:
        """Time stamp of ``frame`` (units of ``time_base``) on the regular grid."""
        return math.floor(frame / (self.frame_rate * self.time_base) + self.phase)


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a segment begins that is drawn without any picture (`Given.NOTHING`); it counts as a keyframe.

    Attributes:
        number: counts keyframes from 0 in time order.
        frame: index of the source frame.
        shot_start: a hard cut lies just before this frame; nothing may be interpolated across it.
    """

    number: int
    frame: int
    shot_start: bool = False

    def __post_init__(self) -> None:
        _check_place(self.number, self.frame)


@dataclass(frozen=True, slots=True)
class GroupPicture:
    """One keyframe of a group, described.

    Attributes:
        place: among the keyframes of the group in time order, from 0.
        frame: index of the source frame.
        size: bytes of its packet; 0: it was given up and is not sent.
        kept_in: slots of the picture decoder that it is kept in, a bit mask (`semvid.images.frame_header`).
    """

    place: int
    frame: int
    size: int
    kept_in: int

    def __post_init__(self) -> None:
        _in_range("keyframe place", self.place, 0, MAX_GROUP - 1)
        _in_range("keyframe frame", self.frame, 0, MAX_FRAMES)
        _in_range("keyframe packet bytes", self.size, 0, MAX_PACKET_BYTES)
        _in_range("keyframe slots", self.kept_in, 0, ALL_SLOTS)


@dataclass(frozen=True, slots=True)
class KeyframeGroup:
    """What there is to know about keyframes that are decoded together, before their packets.

    Attributes:
        number: of its first keyframe in time order; keyframes count from 0.
        pictures: in coding order; their places fill 0 .. n - 1, and later places lie at later frames.
        shot_start: a hard cut lies just before its first frame; nothing may be interpolated across it.
        refresh: the first picture coded decodes without any earlier packet, and takes all slots.
    """

    number: int
    pictures: tuple[GroupPicture, ...]
    shot_start: bool = False
    refresh: bool = False

    def __post_init__(self) -> None:
        _in_range("keyframes of a group", len(self.pictures), 1, MAX_GROUP)
        in_time = self.in_time
        _require(
            [picture.place for picture in in_time] == list(range(len(in_time))),
            "the places of a group's keyframes must be 0 .. n - 1, each once",
        )
        for earlier, later in pairwise(in_time):
            _require(
                earlier.frame < later.frame, "keyframes of a group must lie at different frames, in order"
            )
        _check_place(self.number, in_time[0].frame)
        _in_range("keyframe number", self.number + len(in_time) - 1, 0, MAX_KEYFRAMES)
        _in_range("bytes of a group", self.size, 0, MAX_GROUP_BYTES)
        _require(
            not self.refresh or self.pictures[0].kept_in == ALL_SLOTS,
            "a keyframe that needs no earlier one takes all slots of the picture decoder",
        )

    @property
    def in_time(self) -> list[GroupPicture]:
        """Its pictures in the order of time."""
        return sorted(self.pictures, key=lambda picture: picture.place)

    @property
    def stop(self) -> int:
        """One past the number of its last keyframe."""
        return self.number + len(self.pictures)

    @property
    def size(self) -> int:
        """Bytes of all its packets."""
        return sum(picture.size for picture in self.pictures)

    def layers(self) -> list[int]:
        """The layer of each picture, in coding order: see `layers_of`."""
        return layers_of([picture.place for picture in self.pictures])

    def by_importance(self) -> list[int]:
        """Indices of its pictures in the order in which their packets travel: by layer, then coding order."""
        return sorted(range(len(self.pictures)), key=self.layers().__getitem__)

    def spans(self) -> list[range]:
        """Where the packet of each picture lies among the joined ones, in coding order."""
        order = self.by_importance()
        stops = accumulate(self.pictures[index].size for index in order)
        spans = {i: range(stop - self.pictures[i].size, stop) for i, stop in zip(order, stops, strict=True)}
        return [spans[index] for index in range(len(order))]


@dataclass(frozen=True, slots=True)
class KeyframeSlice:
    """A part of the packets of a group, joined in the order of `KeyframeGroup.by_importance`.

    Attributes:
        number: of the group.
        offset: of its first byte among the joined ones.
        data: bytes of the picture code (elementary stream, no container; or tokens); empty only where nothing
            of the group is sent.
    """

    number: int
    offset: int
    data: bytes

    def __post_init__(self) -> None:
        _in_range("keyframe number", self.number, 0, MAX_KEYFRAMES)
        _in_range("offset in a group", self.offset, 0, MAX_GROUP_BYTES)
        _in_range("end in a group", self.offset + len(self.data), 0, MAX_GROUP_BYTES)
        _require(bool(self.data) or not self.offset, "only the first slice of a group can be empty")


@dataclass(frozen=True, slots=True)
class AnalogueKeyframe:
    """A keyframe that crosses as symbols without bits (`PictureCoding.JSCC`), in the same burst.

    Attributes:
        number: counts keyframes from 0 in time order.
        frame: index of the source frame.
        side: what must arrive exactly (`semvid.images.jscc.code.Coded`); empty: the keyframe was given up and
            no symbols are sent.
        shot_start: a hard cut lies just before this frame; nothing may be interpolated across it.
    """

    number: int
    frame: int
    side: bytes
    shot_start: bool = False

    def __post_init__(self) -> None:
        _check_place(self.number, self.frame)
        _in_range("bytes of side information", len(self.side), 0, MAX_ANALOGUE_SIDE_BYTES)


def layers_of(coded: Sequence[int]) -> list[int]:
    """The layer of each picture of a hierarchy: 0 where none coded before it lies later in time, otherwise
    one more than the higher of its two neighbours in time then.

    Args:
        coded: places in time, in coding order.
    """
    known: dict[int, int] = {}
    for place in coded:
        later = min((p for p in known if p > place), default=None)
        if later is None:
            known[place] = 0
        else:
            earlier = max((p for p in known if p < place), default=later)
            known[place] = 1 + max(known[earlier], known[later])
    return list(known.values())


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
        _in_range("caption first keyframe", self.first, 0, MAX_KEYFRAMES)
        _in_range("caption last keyframe", self.last, self.first, MAX_KEYFRAMES)
        _require(
            len(self.text) <= MAX_CAPTION_CHARS,
            f"a caption holds at most {MAX_CAPTION_CHARS} characters, got {len(self.text)}",
        )
        _in_range("caption motion", self.motion, 0, 255)


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
        _in_range("timing first frame", self.first_frame, 0, MAX_FRAMES)
        _in_range("timing frames", len(self.offsets), 1, MAX_TIMING_FRAMES)
        for offset in self.offsets:
            _in_range("timing offset", offset, -MAX_OFFSET, MAX_OFFSET)


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
        _in_range("frames", self.frames, 1, MAX_FRAMES)
        _in_range("keyframes", self.keyframes, 1, min(MAX_KEYFRAMES, self.frames))
        if self.hold is not None:
            _in_range("hold", self.hold, 1, MAX_HOLD)


class SoundCodec(StrEnum):
    """What sound packets are coded with."""

    OPUS = "opus"  # RFC 6716
    CODEC2 = "codec2"  # speech at 700 to 3200 bit/s
    TEXT = "text"  # sentences, spoken by the receiver's own voice


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """That there is sound, and what its packets are. Sound begins with the first picture.

    Attributes:
        codec: of the packets.
        packet_ms: duration of every packet, milliseconds. Packet ``n`` is heard from ``n * packet_ms`` after
            the time stamp of frame 0 on.
        channels: 1 or 2.
        bit_rate: bit/s where the codec has fixed modes (`SoundCodec.CODEC2`); otherwise 0.
    """

    codec: SoundCodec
    packet_ms: int
    channels: int = 1
    bit_rate: int = 0

    def __post_init__(self) -> None:
        _in_range("sound packet duration", self.packet_ms, 1, MAX_SOUND_PACKET_MS)
        _in_range("sound channels", self.channels, 1, 2)
        _in_range("sound bit rate", self.bit_rate, 0, 2**20)


@dataclass(frozen=True, slots=True)
class SoundPackets:
    """Consecutive sound packets.

    Attributes:
        first: number of the first one; packets count from 0 in time order.
        packets: as the codec made them; an empty one is digital silence (`SoundCodec.TEXT`: nothing begins).
    """

    first: int
    packets: tuple[bytes, ...]

    def __post_init__(self) -> None:
        _in_range("sound packets of a unit", len(self.packets), 1, MAX_SOUND_PACKETS)
        _in_range("sound packet number", self.first, 0, MAX_SOUND_NUMBER - len(self.packets))
        for packet in self.packets:
            _in_range("sound packet bytes", len(packet), 0, MAX_SOUND_PACKET_BYTES)

    @property
    def stop(self) -> int:
        """One past the number of the last packet."""
        return self.first + len(self.packets)


SideUnit = (
    StreamHeader
    | SoundHeader
    | Opening
    | Caption
    | Timing
    | StreamEnd
    | TaskHeader
    | TaskAnswer
    | AnalogueKeyframe
    | FaceShape
    | FaceMotion
)
"""What travels protected."""

Unit = SideUnit | KeyframeGroup | KeyframeSlice | SoundPackets
