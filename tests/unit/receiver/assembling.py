"""Units for an assembly, and what it plans when they have come."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from receiver.assembly import Assembly
from receiver.closed_gaps import Fate
from receiver.gaps import Gap, Run, plan
from semvid.semantics import (
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    PictureCoding,
    StreamHeader,
    Unit,
)

HEADER = StreamHeader(64, 48, 64, 48, Fraction(1, 1000), Fraction(25))
INTRA = StreamHeader(64, 48, 64, 48, Fraction(1, 1000), Fraction(25), coding=PictureCoding.INTRA)


def feed(assembly: Assembly, units: list[Unit], fates: Mapping[int, Fate] = {}) -> list[Gap]:
    """One block: units in, every group answered, gaps out.

    Args:
        fates: of keyframes that arrived and do not decode, by number.
    """
    for unit in units:
        assembly.add(unit)
    answer(assembly, fates)
    return assembly.release()


def answer(assembly: Assembly, fates: Mapping[int, Fate] = {}) -> None:
    """Answers every group that is there."""
    while (received := assembly.next_group()) is not None:
        group, answers = received.group, []
        for picture, packet in zip(group.pictures, received.packets, strict=True):
            fate = fates.get(group.number + picture.place, Fate.DECODED)
            if packet == b"" and fate is not Fate.ANCHOR_GIVEN_UP:
                fate = Fate.GIVEN_UP
            answers.append(Fate.ABSENT if packet is None else fate)
        assembly.decoded(received, answers)


def ended(assembly: Assembly, fates: Mapping[int, Fate] = {}) -> list[Gap]:
    """What comes when nothing more comes."""
    assembly.close()
    answer(assembly, fates)
    return assembly.finish()


def runs_of(gaps: list[Gap]) -> list[Run]:
    return [run for gap in gaps for run in plan(gap)]


def group(
    number: int, *frames: int, order: tuple[int, ...] = (), sizes: tuple[int, ...] = (), cut: bool = False
) -> KeyframeGroup:
    """Keyframes at ``frames``, coded in ``order``, with packets of ``sizes`` bytes (1 by default)."""
    order = order or tuple(range(len(frames)))
    sizes = sizes or (1,) * len(frames)
    pictures = (GroupPicture(place, frames[place], size, 0) for place, size in zip(order, sizes, strict=True))
    return KeyframeGroup(number, tuple(pictures), cut)


def keyframe(number: int, frame: int, cut: bool = False) -> list[Unit]:
    """A keyframe that is a group of its own, and its packet."""
    return [group(number, frame, cut=cut), KeyframeSlice(number, 0, b"%d" % (number % 10))]


def whole(
    blocks: list[list[Unit]], header: StreamHeader = HEADER, fates: Mapping[int, Fate] = {}
) -> list[Run]:
    """Runs of a transmission that delivers ``blocks``."""
    assembly = Assembly()
    gaps = feed(assembly, [header])
    for block in blocks:
        gaps += feed(assembly, block, fates)
    return runs_of(gaps + ended(assembly, fates))
