"""Keyframes: where one lies, groups that are decoded together, their packets, and those without bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from semvid.semantics.bounds import MAX_FRAMES, MAX_KEYFRAMES, check_place, in_range, require

MAX_GROUP = 64  # keyframes that are decoded together
MAX_PACKET_BYTES = 2**24 - 1
MAX_GROUP_BYTES = 2**26
MAX_ANALOGUE_SIDE_BYTES = 1_000  # beside one keyframe; all of it travels in one protected transport block
ALL_SLOTS = 255  # of the picture decoder, a bit mask


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
        check_place(self.number, self.frame)


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
        in_range("keyframe place", self.place, 0, MAX_GROUP - 1)
        in_range("keyframe frame", self.frame, 0, MAX_FRAMES)
        in_range("keyframe packet bytes", self.size, 0, MAX_PACKET_BYTES)
        in_range("keyframe slots", self.kept_in, 0, ALL_SLOTS)


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
        in_range("keyframes of a group", len(self.pictures), 1, MAX_GROUP)
        in_time = self.in_time
        require(
            [picture.place for picture in in_time] == list(range(len(in_time))),
            "the places of a group's keyframes must be 0 .. n - 1, each once",
        )
        for earlier, later in pairwise(in_time):
            require(
                earlier.frame < later.frame, "keyframes of a group must lie at different frames, in order"
            )
        check_place(self.number, in_time[0].frame)
        in_range("keyframe number", self.number + len(in_time) - 1, 0, MAX_KEYFRAMES)
        in_range("bytes of a group", self.size, 0, MAX_GROUP_BYTES)
        require(
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
        in_range("keyframe number", self.number, 0, MAX_KEYFRAMES)
        in_range("offset in a group", self.offset, 0, MAX_GROUP_BYTES)
        in_range("end in a group", self.offset + len(self.data), 0, MAX_GROUP_BYTES)
        require(bool(self.data) or not self.offset, "only the first slice of a group can be empty")


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
        check_place(self.number, self.frame)
        in_range("bytes of side information", len(self.side), 0, MAX_ANALOGUE_SIDE_BYTES)


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
