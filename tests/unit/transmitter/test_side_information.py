"""When captions come, what they cover, and the motion that they tell."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from semvid.images.types import Picture
from semvid.semantics import Caption, StreamHeader, Timing
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Reason, Selected
from transmitter.side_information import SideInformation

FRAMES = 24
HEADER = StreamHeader(64, 48, 64, 48, Fraction(1, 24), Fraction(24))


class Counting:
    """Captions that say how many pictures it was shown."""

    name = "counting"

    def caption(self, pictures: Sequence[Picture]) -> str:
        return f"{len(pictures)} pictures"


def captions(*keyframes: tuple[int, Reason, bool], shift: int = 0) -> list[list[Caption]]:
    """By keyframe, of a pattern that moves by ``shift`` pixels per frame."""
    texture = np.random.default_rng(1).integers(0, 255, (48 // 4, 128 // 4, 1)).astype(np.uint8)
    texture = np.kron(texture, np.ones((4, 4, 3), np.uint8))
    side = SideInformation(HEADER, Counting())  # type: ignore[arg-type]
    told: list[list[Caption]] = []
    waiting = list(keyframes)
    for index in range(FRAMES):
        picture = np.ascontiguousarray(texture[:, shift * index : shift * index + 64])
        frame = Frame(index, index, picture)
        side.push(frame)
        while waiting and waiting[0][0] == index:
            _, reason, shot_start = waiting.pop(0)
            units = side.close(Selected(frame, reason, shot_start), last=index == FRAMES - 1)
            told.append([unit for unit in units if isinstance(unit, Caption)])
    assert side.finish() == []
    return told


def spans(told: list[list[Caption]]) -> list[list[tuple[int, int]]]:
    return [[(caption.first, caption.last) for caption in captions] for captions in told]


def test_captions_come_where_a_meaning_ends_and_not_where_a_gap_is_bridged() -> None:
    told = captions(
        (0, Reason.FIRST, False), (6, Reason.BRIDGE, False), (10, Reason.SEMANTIC, False),
        (14, Reason.MAX_GAP, False), (18, Reason.BRIDGE, False), (23, Reason.LAST, False),
    )  # fmt: skip
    assert spans(told) == [[], [], [(0, 2)], [], [], [(2, 5)]]


@pytest.mark.parametrize(
    ("keyframes", "reach"), [([(0, Reason.FIRST)], (0, 1)), ([(0, Reason.FIRST), (6, Reason.BRIDGE)], (0, 2))]
)
def test_what_is_held_to_the_end_is_described_with_what_leads_up_to_it(
    keyframes: list[tuple[int, Reason]], reach: tuple[int, int]
) -> None:
    side = SideInformation(HEADER, Counting())  # type: ignore[arg-type]
    for index in range(FRAMES):
        frame = Frame(index, index, np.zeros((48, 64, 3), np.uint8))
        side.push(frame)
        for at, reason in keyframes:
            if at == index:
                assert side.close(Selected(frame, reason), last=False) == []
    (caption,) = side.finish()
    assert isinstance(caption, Caption)
    assert (caption.first, caption.last) == reach


def test_the_pictures_around_a_cut_have_no_caption_of_their_own() -> None:
    told = captions(
        (0, Reason.FIRST, False), (11, Reason.CUT, False), (12, Reason.CUT, True), (23, Reason.LAST, False)
    )
    assert spans(told) == [[], [], [(0, 2)], [(2, 3)]]


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_motion_is_the_mean_over_what_the_caption_covers(shift: int) -> None:
    """``shift`` pixels per frame of an 80 pixel diagonal, in units of 1/8000 of it."""
    told = captions(
        (0, Reason.FIRST, False), (12, Reason.SEMANTIC, False), (23, Reason.LAST, False), shift=shift
    )
    assert [[c.motion for c in some] for some in told[1:]] == [[pytest.approx(100 * shift, abs=25)]] * 2


def test_a_pause_is_told_once_and_the_segments_after_it_have_nothing_to_tell() -> None:
    side = SideInformation(HEADER, Counting())  # type: ignore[arg-type]
    told = []
    for index in range(FRAMES):
        frame = Frame(index, index + (50 if index >= 7 else 0), np.zeros((48, 64, 3), np.uint8))
        side.push(frame)
        if index % 4 == 3:
            units = side.close(Selected(frame, Reason.BRIDGE, False), last=False)
            told.append([unit for unit in units if isinstance(unit, Timing)])
    assert told == [[], [Timing(7, (50,))], [], [], [], []]
