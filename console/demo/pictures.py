"""The side-by-side video and the stills of the report."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from console.demo.measure import FramePair
from console.demo.sound import Sounding
from console.demo.timeline import CONCEALED, RECEIVED, REGENERATED, Timeline
from console.demo.typeset import write_text
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.sound.pcm import SAMPLE_RATE
from semvid.video.colour import tone_mapped
from semvid.video.colour_tags import ColourTags
from semvid.video.writer import VideoWriter

_SLOT = 320  # pixels; smaller pictures are enlarged towards it
_MAX_PANE = (960, 720)  # larger pictures are reduced into it
_GAP, _HEAD, _FOOT, _BAR = 6, 30, 46, 10
_STILLS, _STILL_WIDTH, _STILL_QUALITY = 6, 640, 84  # at most; pixels; of JPEG
_GROUND, _TEXT, _DIM = (22, 24, 28), (236, 238, 240), (160, 166, 174)
COLOURS = {RECEIVED: (47, 158, 107), REGENERATED: (59, 130, 196), CONCEALED: (217, 110, 43)}
_NAMES = {RECEIVED: "keyframe as received", REGENERATED: "regenerated", CONCEALED: "concealed after a loss"}


class SideBySide:
    """Composes the frames of ``side_by_side.mp4``: source left, reconstruction right, a timeline below.

    Args:
        width, height: at which the source is shown, square pixels.
        frames: of the source.
        timeline: provenance and keyframes.
    """

    def __init__(self, width: int, height: int, frames: int, timeline: Timeline) -> None:
        self._frames, self._timeline = frames, timeline
        largest = min(_MAX_PANE[0] / width, _MAX_PANE[1] / height)
        scale = min(largest, max(1.0, _SLOT / width))
        self._pane = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._slot = max(self._pane[0], _SLOT)
        self.width = _even(2 * self._slot + _GAP)
        self.height = _even(_HEAD + self._pane[1] + _FOOT)
        self._ground = self._painted_ground()

    def compose(self, pair: FramePair) -> Picture:
        """One frame of the video: uint8 RGB ``[self.height, self.width, 3]``."""
        picture = self._ground.copy()
        pane_width, pane_height = self._pane
        inset = (self._slot - pane_width) // 2
        for left, frame in ((inset, pair.source), (inset + self._slot + _GAP, pair.reconstruction)):
            resized = at_size(frame, self._pane, enlarging=cv2.INTER_NEAREST)
            picture[_HEAD : _HEAD + pane_height, left : left + pane_width] = resized
        provenance = self._timeline.provenance(pair.index)
        left = self._slot + _GAP
        picture[9:21, left + 128 : left + 140] = COLOURS[provenance]
        write_text(picture, _NAMES[provenance], left + 147, 0, _HEAD, 13, _TEXT)
        self._mark_position(picture, pair.index)
        span = self._timeline.span(pair.index)
        if span is not None and span.caption:
            shown = _shortened(span.caption, int(self.width / 7.2))
            quoted = f"\N{LEFT DOUBLE QUOTATION MARK}{shown}\N{RIGHT DOUBLE QUOTATION MARK}"
            write_text(picture, quoted, 8, self.height - 24, 22, 13, _DIM)
        return picture

    def _painted_ground(self) -> Picture:
        picture = np.full((self.height, self.width, 3), _GROUND, np.uint8)
        write_text(picture, "Source", 8, 0, _HEAD, 13, _TEXT, bold=True)
        write_text(picture, "Reconstruction", self._slot + _GAP, 0, _HEAD, 13, _TEXT, bold=True, width=127)
        top = _HEAD + self._pane[1] + 7
        for frame in range(self._frames):
            left, right = self._column(frame), max(self._column(frame) + 1, self._column(frame + 1))
            picture[top : top + _BAR, left:right] = COLOURS[self._timeline.provenance(frame)]
        for frame in self._timeline.keyframes:
            column = self._column(frame)
            picture[top - 3 : top + _BAR + 3, column : column + 2] = COLOURS[self._timeline.provenance(frame)]
        return picture

    def _mark_position(self, picture: Picture, frame: int) -> None:
        top = _HEAD + self._pane[1] + 7
        middle = (self._column(frame) + self._column(frame + 1)) // 2
        picture[top - 5 : top + _BAR + 5, max(0, middle - 1) : middle + 2] = _TEXT

    def _column(self, frame: int) -> int:
        return int(frame * self.width / max(1, self._frames))


def write_side_by_side(
    pairs: Iterable[FramePair],
    composer: SideBySide,
    path: Path,
    time_base: Fraction,
    frame_rate: Fraction,
    end_pts: int,
    sound: Sounding | None = None,
) -> Iterator[FramePair]:
    """Writes the video while the pairs pass through.

    Args:
        pairs: in order.
        composer: makes the frames.
        path: MP4 file.
        time_base: unit of the pairs' time stamps, seconds.
        frame_rate: nominal frames per second.
        end_pts: where the last frame ends, in ``time_base``.
        sound: to be heard with it.

    Yields:
        The same pairs.
    """
    pieces = iter(()) if sound is None else sound.pieces
    channels, samples = 0 if sound is None else sound.channels, 0
    with VideoWriter(
        path, composer.width, composer.height, time_base, frame_rate=frame_rate, sound_channels=channels
    ) as writer:
        for pair in pairs:
            writer.append(composer.compose(pair), pair.pts)
            writer.hold_last(max(1, end_pts - pair.pts))
            while samples <= writer.shown_s(ended=False) * SAMPLE_RATE:
                if (pcm := next(pieces, None)) is None:
                    break
                samples += len(pcm)
                writer.append_sound(pcm)
            yield pair
        for pcm in pieces:
            writer.append_sound(pcm)


def tone_mapped_pairs(pairs: Iterable[FramePair], colour: ColourTags) -> Iterator[FramePair]:
    """Pairs of kept HDR as they are to be looked at: side-by-side video and stills are of BT.709.

    Args:
        pairs: as measured, in the values of the source.
        colour: of the source.
    """
    for pair in pairs:
        yield replace(
            pair,
            source=tone_mapped(pair.source, colour),
            reconstruction=tone_mapped(pair.reconstruction, colour),
        )


@dataclass(frozen=True, slots=True)
class Still:
    """One frame of both videos as JPEG, with its place in the video."""

    frame: int
    time_s: float
    provenance: str
    caption: str
    source_jpeg: bytes
    reconstruction_jpeg: bytes


def still_frames(timeline: Timeline, frames: int) -> list[int]:
    """Which of ``frames`` frames to show: keyframes and, between them, middles of segments; evenly spread."""
    keyframes = sorted(frame for frame in timeline.keyframes if frame < frames)
    middles = [(a + b) // 2 for a, b in pairwise(keyframes) if b - a > 1]
    chosen = _spread(keyframes, _STILLS // 2) | _spread(middles, _STILLS // 2)
    return sorted(chosen) or [0]


def take_still(pair: FramePair, timeline: Timeline, shown: tuple[int, int]) -> Still:
    """Encodes both pictures of ``pair`` as JPEG, of the shape of ``shown`` (width, height in square pixels)
    and no wider than the page shows them."""
    span = timeline.span(pair.index)
    return Still(
        pair.index,
        pair.time_s,
        timeline.provenance(pair.index),
        span.caption if span else "",
        _jpeg(pair.source, shown),
        _jpeg(pair.reconstruction, shown),
    )


def _jpeg(picture: Picture, shown: tuple[int, int]) -> bytes:
    width, height = shown
    if width > _STILL_WIDTH:
        width, height = _STILL_WIDTH, max(1, round(height * _STILL_WIDTH / width))
    picture = at_size(picture, (width, height))
    bgr = np.ascontiguousarray(picture[..., ::-1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _STILL_QUALITY])[1])


def _spread(values: Collection[int], count: int) -> set[int]:
    ordered = sorted(values)
    if len(ordered) <= count:
        return set(ordered)
    return {ordered[round(i * (len(ordered) - 1) / max(1, count - 1))] for i in range(count)}


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _even(value: int) -> int:
    return value + value % 2
