"""One operating point tried on excerpts of a clip: keyframes coded, decoded, bridged, and looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from semvid.images.detail import with_detail
from semvid.images.flow import Effort
from semvid.images.interpolation import Bridge
from semvid.images.keyframe_codec import Group, KeyframeDecoder, KeyframeEncoder
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.link.packing import CodedGroup
from semvid.phy.control_word import MAX_BULK_BYTES
from semvid.semantics import PictureCoding, layers_of
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Selected
from transmitter.rate import presets
from transmitter.rate.footage import Footage, Part
from transmitter.rate.loss import NO_LOSS, ViewingLoss, viewing_loss
from transmitter.rate.model import Forecast, OperatingPoint, coded_size

_LOOKED_AT: Final = 640 * 360  # pixels; larger pictures are looked at in this size
_LOOKS: Final = 48  # at gaps, over all excerpts
_DOUBT: Final = 0.4  # of detail that is put back, 0 .. 1 (docs/decisions/0009-pyramid.md)


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
        blocks: in which those travel.
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
class DecodedKeyframe:
    """One keyframe as it comes out of the picture code.

    Attributes:
        selected: what it was.
        picture: at the size at which it was coded.
        quantiser, layer: see `semvid.images.restorer.Coding`.
    """

    selected: Selected
    picture: Picture
    quantiser: int
    layer: int


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
            selected = footage.keyframes(part, point.price)
            groups = _coded(selected, size, point, footage.options.coding)
            sizes = [sum(len(picture.packet) for picture in group) for group in groups]
            alone = len(groups[0][0].packet)
            first = first or alone
            others += sum(sizes) - alone
            keyframes += len(selected) - 1
            blocks += sum(map(_blocks, groups))
            window += footage.frames(part, selected)
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
            blocks - 1,
        )
        return cls(trial, footage, parts)

    def decoded(self) -> list[list[DecodedKeyframe]]:
        """The keyframes of each part in the order of time, as they come out of the picture code."""
        size = coded_size(self._footage.source, self.trial.point.scale)
        return [_decoded(groups, selected, size) for _, selected, groups in self._parts]

    def looked_at(self, strengths: Sequence[int], keyframes: int) -> Trial:
        """The trial with the strength of detail that suits its keyframes, and its loss.

        Detail that is put back is no contrast that was there: the loss lies between that with it and without.

        Args:
            strengths: of detail, to choose from (`semvid.images.detail`).
            keyframes: that are looked at for the choice.
        """
        footage, point = self._footage, self.trial.point
        parts = [
            (part, selected, [keyframe.picture for keyframe in decoded])
            for (part, selected, _), decoded in zip(self._parts, self.decoded(), strict=True)
        ]
        coded = [pair for _, selected, pictures in parts for pair in zip(selected, pictures, strict=True)]
        some = coded[:: -(-len(coded) // keyframes)]

        def look_at_some(strength: int) -> ViewingLoss:
            look = _Look(footage.source, strength)
            return sum((look.at(one.frame, look.shown(picture)) for one, picture in some), NO_LOSS)

        detail, flattered = strengths[0], 1.0
        if any(strengths):
            looks = {strength: look_at_some(strength) for strength in {0, *strengths}}
            detail = min(strengths, key=lambda strength: looks[strength].wrong)
            flattered = looks[0].total / looks[detail].total if detail else 1.0
        most = -(-_LOOKS // len(parts))
        look, losses = _Look(footage.source, detail), []
        for part, selected, pictures in parts:
            frames = footage.frames(part, selected)
            stop = selected[0].frame.index + frames
            losses.append(look.between(part, selected, pictures, stop, most) * frames)
        loss = sum(losses, NO_LOSS).total / self.trial.window * flattered**_DOUBT
        return replace(self.trial, point=replace(point, detail=detail), loss=loss)


def bytes_alone(picture: Picture, crf: float) -> float:
    """About how many bytes a keyframe takes that stands alone; ``picture`` at the size it is coded at."""
    height, width, _ = picture.shape
    with KeyframeEncoder(width, height, crf, PictureCoding.LOW_DELAY, presets.FAST) as encoder:
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


def _blocks(group: Group) -> int:
    """In which a group travels."""
    coded = CodedGroup.of(group, 0, range(len(group)), shot_start=False)
    return len(coded.stretches(MAX_BULK_BYTES))


def _decoded(groups: list[Group], selected: list[Selected], size: tuple[int, int]) -> list[DecodedKeyframe]:
    decoder = KeyframeDecoder(*size)
    in_time: list[tuple[Picture, int, int]] = []
    for group in groups:
        layers = layers_of([picture.number for picture in group])
        decoded = {
            picture.number: (decoder.decode(picture.packet), decoder.quantiser, layer)
            for picture, layer in zip(group, layers, strict=True)
        }
        in_time += [decoded[number] for number in sorted(decoded)]
    return [DecodedKeyframe(one, *rest) for one, rest in zip(selected, in_time, strict=True)]


def looked_at(source: SourceInfo) -> tuple[int, int]:
    """Width and height at which pictures are compared."""
    shrink = min(1.0, math.sqrt(_LOOKED_AT / (source.width * source.height)))
    return max(1, round(source.width * shrink)), max(1, round(source.height * shrink))


class _Look:
    """A look at what the receiver shows.

    Args:
        source: of the clip.
        detail: strength of what the receiver puts back.
    """

    def __init__(self, source: SourceInfo, detail: int) -> None:
        self._full, self._detail = (source.width, source.height), detail
        self._size = looked_at(source)

    def shown(self, coded: Picture) -> Picture:
        """A keyframe at the size that is looked at."""
        return at_size(with_detail(at_size(coded, self._full), self._detail), self._size)

    def at(self, frame: Frame, shown: Picture) -> ViewingLoss:
        """Loss of a frame that is shown like this."""
        return viewing_loss(at_size(frame.picture, self._size), shown)

    def between(
        self, part: Part, selected: list[Selected], coded: list[Picture], stop: int, most: int
    ) -> ViewingLoss:
        """Mean loss of a frame before ``stop``: at keyframes, and in the middle of ``most`` of the gaps."""
        total, weights = NO_LOSS, 0.0
        for number in range(0, len(selected), -(-len(selected) // most)):
            start = self.shown(coded[number])
            loss = self.at(selected[number].frame, start)
            total, weights = total + loss, weights + 1
            follows = selected[number + 1] if number + 1 < len(selected) else None
            first, last = selected[number].frame.index, stop if follows is None else follows.frame.index
            between = last - first - 1
            middle = list(_spread(part.between(first, last)))
            if middle and (follows is None or follows.shot_start):  # held
                looks = [self.at(frame, start) for frame in middle]
            elif middle:
                bridge = Bridge(start, self.shown(coded[number + 1]), Effort.HIGH)
                looks = [self.at(f, bridge.frame((f.index - first) / (last - first))) for f in middle]
            else:
                looks = [loss]
            total, weights = total + sum(looks, NO_LOSS) * (between / len(looks)), weights + between
        return total * (1 / weights)


def _spread(frames: list[Frame]) -> Iterator[Frame]:
    """At most two of them: those about a third and two thirds of the way, one where there are few."""
    if len(frames) < 3:
        yield from frames[:1]
    else:
        yield frames[len(frames) // 3]
        yield frames[2 * len(frames) // 3]
