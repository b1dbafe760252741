from collections.abc import Sequence

import numpy as np

from semvid.images.types import Picture
from semvid.options import Focus
from semvid.psss import Answer
from semvid.text import shortened
from transmitter.captions import _KEPT, SAMPLES, SegmentCaption


class Witness:
    name = "witness"
    at_once = 1
    notices = ()

    def __init__(self, answer: str = "seen") -> None:
        self.answer = answer
        self.seen: list[list[int]] = []
        self.shapes: set[tuple[int, ...]] = set()

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        raise AssertionError("captions compare nothing")

    def caption(self, frames: Sequence[Picture]) -> str:
        self.seen.append([int(frame[0, 0, 0]) for frame in frames])
        self.shapes |= {frame.shape for frame in frames}
        return self.answer


def marked(index: int, height: int = 4, width: int = 4) -> Picture:
    return np.full((height, width, 3), index, np.uint8)


def test_frames_are_spread_over_the_segment_and_memory_is_bounded() -> None:
    witness = Witness()
    caption = SegmentCaption(witness)
    for index in range(200):
        caption.push(index, marked(index))
        assert len(caption._kept) <= _KEPT
    caption.describe()
    (seen,) = witness.seen
    assert len(seen) == SAMPLES
    assert seen[0] == 0
    assert seen[-1] >= 180
    assert max(np.diff(seen)) <= 2 * min(np.diff(seen))


def test_a_segment_ends_before_its_end_keyframe() -> None:
    witness = Witness()
    caption = SegmentCaption(witness)
    for index in range(12):
        caption.push(index, marked(index))
    assert caption.describe(8) == "seen"
    for index in range(12, 14):
        caption.push(index, marked(index))
    caption.describe()
    assert witness.seen[0] == [0, 2, 4, 5, 7]
    assert witness.seen[1][0] == 8
    assert witness.seen[1][-1] == 13
    assert caption.describe() == ""


def test_the_model_sees_small_copies() -> None:
    witness = Witness()
    caption = SegmentCaption(witness)
    caption.push(0, marked(7, 900, 1600))
    caption.describe()
    assert witness.shapes == {(252, 448, 3)}


def test_long_captions_end_at_a_word() -> None:
    assert shortened("one  two\nthree", 9) == "one two"
    assert shortened("one two", 7) == "one two"
    assert shortened("unbroken", 3) == "unb"
    witness = Witness("word " * 200)
    caption = SegmentCaption(witness)
    caption.push(0, marked(0))
    assert caption.describe().endswith("word")
