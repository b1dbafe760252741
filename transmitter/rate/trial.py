"""One operating point tried on excerpts of a clip: keyframes coded, decoded, bridged, and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from semvid.images.detail import with_detail
from semvid.images.flow import Effort
from semvid.images.interpolation import Bridge
from semvid.images.keyframe_codec import Group, KeyframeDecoder, KeyframeEncoder
from semvid.images.resize import at_size, within_area
from semvid.images.types import Picture
from semvid.semantics import PictureCoding
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Selected
from transmitter.rate.footage import Footage, Part
from transmitter.rate.loss import viewing_loss
from transmitter.rate.model import Forecast, OperatingPoint, coded_size

FAST_PRESET: Final = 8
_LOOKED_AT: Final = 640 * 360  # pixels; larger pictures are looked at in this size
_LOOKS: Final = 16  # at gaps, over all excerpts
_BLOCK_BYTES: Final = 1000  # of the layers of a group that share a block, about


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out at one operating point.

    Attributes:
        point: that was tried.
        window, total: frames tried and frames of the whole clip.
        samples: of one source frame.
        first: bytes of the first keyframe of the clip, which leans on none.
        others: bytes of the keyframes after it.
        keyframes: how many those are.
        blocks: in which they travel, about.
        loss: of the mean frame (`transmitter.rate.loss`); 0 where nobody looked.
    """

    point: OperatingPoint
    window: int
    total: int
    samples: int
    first: int
    others: int
    keyframes: int
    blocks: int
    loss: float = 0.0

    @property
    def cbr(self) -> float:
        """CBR of the whole clip if all of it is like what was tried."""
        link = self.point.link
        per_block = link.symbols_of(0)
        later = link.symbols_of(self.others) - per_block + per_block * self.blocks
        symbols = link.symbols_of(self.first) + link.fixed_symbols + later * self.total / self.window
        return symbols / (self.samples * self.total)

    @property
    def keyframes_per_frame(self) -> float:
        """How dense they are."""
        return (self.keyframes + 1) / self.window

    @property
    def forecast(self) -> Forecast:
        """What the rest costs if it is like what was tried."""
        link = self.point.link
        fixed = link.symbols_of(0) * self.blocks
        scaled = link.symbols_of(self.others) - link.symbols_of(0)
        return Forecast.of(self.window, fixed + scaled, scaled, self.point.crf)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """The keyframes of all parts at one operating point, coded.

    Attributes:
        trial: what they cost.
    """

    trial: Trial
    _footage: Footage
    _parts: list[tuple[Part, list[Selected], list[Group]]]

    @classmethod
    def at(cls, footage: Footage, point: OperatingPoint) -> Coded:
        """Selects and codes them."""
        size = coded_size(footage.source, point.scale)
        parts = []
        first = others = 0
        window = keyframes = blocks = 0
        for part in footage.parts:
            selected = part.keyframes(point.price)
            if not footage.whole and len(selected) > 1:
                selected = selected[:-1]  # it merely ends the part
            groups = _coded(selected, size, point, footage.options.coding)
            sizes = [sum(len(picture.packet) for picture in group) for group in groups]
            alone = len(groups[0][0].packet)
            first = first or alone
            others += sum(sizes) - alone
            keyframes += len(selected) - 1
            blocks += sum(max(1, bytes_ // _BLOCK_BYTES) for bytes_ in sizes)
            window += _frames(footage, part, selected)
            parts.append((part, selected, groups))
        source = footage.source
        trial = Trial(
            point,
            window,
            max(source.frame_count_hint, window),
            3 * source.width * source.height,
            first,
            others,
            keyframes,
            max(1, blocks - len(parts) + 1),
        )
        return cls(trial, footage, parts)

    def looked_at(self) -> Trial:
        """The trial with its loss."""
        return replace(self.trial, loss=self.loss(self.trial.point.detail))

    def loss(self, detail: int) -> float:
        """Of the mean frame: keyframes decoded, gaps bridged, and both compared with what they show.

        Args:
            detail: strength of what the receiver puts back.
        """
        footage, point = self._footage, self.trial.point
        size = coded_size(footage.source, point.scale)
        most = max(1, _LOOKS // len(self._parts))
        loss = 0.0
        for part, selected, groups in self._parts:
            pictures = _decoded(groups, selected, size)
            loss += _frames(footage, part, selected) * _loss(footage, part, selected, pictures, most, detail)
        return loss / self.trial.window


def _frames(footage: Footage, part: Part, selected: list[Selected]) -> int:
    if footage.whole:
        return part.frames
    return max(1, selected[-1].frame.index - selected[0].frame.index)


def bytes_alone(picture: Picture, crf: float) -> float:
    """About how many bytes a keyframe takes that stands alone; ``picture`` at the size it is coded at."""
    height, width, _ = picture.shape
    with KeyframeEncoder(width, height, crf, PictureCoding.LOW_DELAY, FAST_PRESET) as encoder:
        ((coded,),) = encoder.push(picture)
    return len(coded.packet)


def _coded(
    selected: list[Selected], size: tuple[int, int], point: OperatingPoint, coding: PictureCoding
) -> list[Group]:
    """As `transmitter.encoder` codes them: a pyramid ends at a cut."""
    groups: list[Group] = []
    encoder = KeyframeEncoder(*size, point.crf, coding, point.preset)
    for one in selected:
        if one.shot_start and coding is PictureCoding.PYRAMID:
            groups += encoder.finish()
            encoder = KeyframeEncoder(*size, point.crf, coding, point.preset)
        groups += encoder.push(at_size(one.frame.picture, size))
    return groups + encoder.finish()


def _decoded(groups: list[Group], selected: list[Selected], size: tuple[int, int]) -> list[Picture]:
    """The pictures of ``groups`` in the order of time."""
    decoder = KeyframeDecoder(*size)
    pictures: list[Picture] = []
    for group in groups:
        in_time = {picture.number: decoder.decode(picture.packet) for picture in group}
        pictures += [in_time[number] for number in sorted(in_time)]
    assert len(pictures) == len(selected)
    return pictures


def _loss(
    footage: Footage, part: Part, selected: list[Selected], pictures: list[Picture], most: int, detail: int
) -> float:
    """Mean loss of a frame of ``part``: at keyframes, and in the middle of ``most`` of the gaps."""
    source = footage.source
    size = within_area(selected[0].frame.picture, _LOOKED_AT).shape[1::-1]

    def seen(picture: Picture) -> Picture:
        return at_size(with_detail(at_size(picture, (source.width, source.height)), detail), size)

    every = max(1, len(selected) // most)
    total = weights = 0.0
    for number in range(0, len(selected), every):
        coded = viewing_loss(at_size(selected[number].frame.picture, size), seen(pictures[number]))
        total, weights = total + coded, weights + 1
        if number + 1 == len(selected) or selected[number + 1].shot_start:
            continue
        first, last = selected[number].frame.index, selected[number + 1].frame.index
        bridge = Bridge(seen(pictures[number]), seen(pictures[number + 1]), Effort.MIDDLE)
        looks = [
            viewing_loss(at_size(frame.picture, size), bridge.frame((frame.index - first) / (last - first)))
            for frame in _spread(part.between(first, last))
        ]
        between = last - first - 1
        total += between * float(np.mean(looks or [coded]))
        weights += between
    return total / weights


def _spread(frames: list[Frame]) -> Iterator[Frame]:
    """At most two of them: those about a third and two thirds of the way, one where there are few."""
    if len(frames) < 3:
        yield from frames[:1]
    else:
        yield frames[len(frames) // 3]
        yield frames[2 * len(frames) // 3]
