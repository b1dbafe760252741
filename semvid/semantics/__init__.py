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

from semvid.answers import TaskAnswer, TaskHeader
from semvid.faces.units import FaceMotion, FaceShape
from semvid.semantics.coding import PictureCoding
from semvid.semantics.hdr import HdrColour, HdrTransfer
from semvid.semantics.keyframes import (
    ALL_SLOTS,
    AnalogueKeyframe,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    Opening,
    layers_of,
)
from semvid.semantics.segments import Caption, Timing
from semvid.semantics.sound import SoundCodec, SoundHeader, SoundPackets
from semvid.semantics.stream import StreamEnd, StreamHeader

__all__ = [
    "ALL_SLOTS",
    "AnalogueKeyframe",
    "Caption",
    "GroupPicture",
    "HdrColour",
    "HdrTransfer",
    "KeyframeGroup",
    "KeyframeSlice",
    "Opening",
    "PictureCoding",
    "SideUnit",
    "SoundCodec",
    "SoundHeader",
    "SoundPackets",
    "StreamEnd",
    "StreamHeader",
    "Timing",
    "Unit",
    "layers_of",
]

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
