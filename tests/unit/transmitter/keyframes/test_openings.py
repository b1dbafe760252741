"""Where segments begin that no second picture closes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from semvid.options import Focus, Rule
from semvid.profile import Given, Profile
from semvid.psss import Answer
from semvid.semantics import Caption, StreamHeader, Timing
from semvid.video.reader import Frame
from transmitter.keyframes.openings import Openings
from transmitter.keyframes.selection import Comparison, Reason, Selected
from transmitter.keyframes.skem import SkemRules
from transmitter.side_information import SideInformation

RULES = SkemRules(Focus.GENERAL, Rule.RELATIVE, 0.35, candidate_spacing=2, min_gap=6, max_gap=10)


class ByBrightness:
    """Says that pictures of another brightness mean something else."""

    name = "brightness"
    at_once = 1

    def __init__(self) -> None:
        self.pairs: list[tuple[int, int]] = []

    def compare(self, reference: Any, candidates: Sequence[Any], focus: Focus) -> list[Answer]:
        differences = [abs(int(reference[0, 0, 0]) - int(picture[0, 0, 0])) for picture in candidates]
        self.pairs += [(int(reference[0, 0, 0]), d) for d in differences]
        return [Answer(0.1, 0.9) if d > 5 else Answer(0.9, 0.1) for d in differences]

    def caption(self, frames: Sequence[Any]) -> str:
        return f"grey {int(frames[0][0, 0, 0])} to {int(frames[-1][0, 0, 0])}"


def frame(index: int, level: int = 100, noise: int = 0) -> Frame:
    picture = np.full((48, 64, 3), level, np.uint8)
    if noise:
        picture = np.random.default_rng(noise).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    return Frame(index, index, picture)


def walk(selector: Openings, frames: Sequence[Frame]) -> list[tuple[int, Reason]]:
    chosen = [selected for one in frames for selected in selector.push(one)]
    assert selector.finish() == []
    return [(selected.frame.index, selected.reason) for selected in chosen]


def test_a_fixed_length_opens_a_segment_whenever_the_last_one_is_full() -> None:
    opened = walk(Openings(None, RULES), [frame(index) for index in range(25)])
    assert opened == [(0, Reason.FIRST), (10, Reason.INTERVAL), (20, Reason.INTERVAL)]


def test_another_meaning_opens_a_segment_but_not_too_soon() -> None:
    frames = [frame(index, 100 if index < 4 else 120) for index in range(16)]
    compared: list[Comparison] = []
    selector = Openings(ByBrightness(), RULES, compared.append)
    assert walk(selector, frames) == [(0, Reason.FIRST), (6, Reason.SEMANTIC)]
    assert [c.frame.index for c in compared] == [6, 12, 14]
    assert [c.reference_frame for c in compared] == [0, 6, 6]
    assert [c.decision for c in compared] == [True, False, False]


@pytest.mark.parametrize("given", [Given.NOTHING, Given.FIRST_FRAME])
def test_every_segment_is_described_the_last_one_too(given: Given) -> None:
    header = StreamHeader(64, 48, 64, 48, Fraction(1, 24), Fraction(24), given=given)
    side = SideInformation(header, ByBrightness())
    units: list[list[Any]] = []
    for index in range(15):
        shown = frame(index, 100 + index)
        side.push(Frame(index, index + (index >= 12), shown.picture))  # time stamps leave the grid at 12
        if index in (0, 10):
            selected = Selected(shown, Reason.FIRST if index == 0 else Reason.INTERVAL)
            units.append(side.close(selected, last=False))
    units.append(side.finish())
    first, second, last = units
    assert first == []
    assert [type(unit) for unit in second] == [Caption]
    assert second[0] == Caption(0, 1, "grey 100 to 109")
    assert [type(unit) for unit in last] == [Timing, Caption]
    assert last[0].first_frame == 12
    assert last[1] == Caption(1, 1, "grey 110 to 114")


def test_a_decoder_refuses_what_it_cannot_show() -> None:
    both = Profile("flow", 1)
    text = Profile("dream", 1, draws_from=frozenset({Given.NOTHING}))
    both.require(Given.BOTH_ENDS)
    both.require(Given.FIRST_FRAME)  # held
    text.require(Given.NOTHING)
    with pytest.raises(Exception, match="flow cannot draw from captions alone"):
        both.require(Given.NOTHING)
    for given in (Given.BOTH_ENDS, Given.FIRST_FRAME):
        with pytest.raises(Exception, match="dream draws from captions alone"):
            text.require(given)
