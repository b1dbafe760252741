from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.decoders.hf.pieces import ClipRules, EndPlace, Piece, fixed_piece, pieces
from semvid.errors import InvalidInput

FAMILIES = {
    "ltx and ltx2": ClipRules(8, 32, 121, EndPlace.ANYWHERE),
    "wan": ClipRules(4, 16, 81, EndPlace.LAST),
    "wan_vace": ClipRules(4, 16, 81, EndPlace.ANYWHERE),
    "skyreels": ClipRules(4, 16, 97, EndPlace.BEHIND),
}


def check(span: int, rules: ClipRules) -> list[Piece]:
    """Follows the plan as a decoder would: what is needed must be known, and comes once, in order."""
    known, shown = {0, span}, []
    plan = list(pieces(span, rules))
    for piece in plan:
        assert piece.start in known
        assert piece.end in known
        assert rules.frame_grid + 1 <= piece.frames <= rules.longest
        assert (piece.frames - 1) % rules.frame_grid == 0
        if rules.end is EndPlace.ANYWHERE:
            assert 1 <= piece.pin < piece.frames
        else:
            assert piece.pin == rules.place_of_end(piece.frames)
        indices = [index for _, index in piece.shown]
        assert indices == sorted(set(indices))  # no frame is shown twice
        assert all(0 < index < piece.pin for index in indices)
        assert all(index < piece.frames for index in indices)
        if piece.coarse:
            known |= {frame for frame, _ in piece.shown}
        else:
            frames = [frame for frame, _ in piece.shown]
            assert frames == list(range(piece.start + 1, piece.end))
            shown += frames
            if piece.end != span:
                shown.append(piece.end)
    assert shown == list(range(1, span))
    return plan


@pytest.mark.parametrize("family", FAMILIES)
def test_every_gap_from_1_to_2000_is_filled_exactly(family: str) -> None:
    rules = FAMILIES[family]
    for gap in range(1, 2001):
        plan = check(gap + 1, rules)
        assert any(piece.coarse for piece in plan) == (gap + 1 > rules.longest_span)
        if rules.end is EndPlace.ANYWHERE:  # nothing is resampled
            fine = [piece for piece in plan if not piece.coarse]
            assert all(index == frame - piece.start for piece in fine for frame, index in piece.shown)


@given(
    st.integers(1, 9),
    st.integers(1, 40),
    st.sampled_from(EndPlace),
    st.integers(2, 100_000),
)
def test_any_model_fills_any_gap(grid: int, steps: int, end: EndPlace, span: int) -> None:
    longest = grid * max(steps, -(-4 // grid)) + 1
    check(span % 5000 + 2, ClipRules(grid, 16, longest, end))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("span", [2, 3, 7, 80, 81, 97, 98, 500])
def test_a_fixed_clip_shows_every_frame_of_any_gap(family: str, span: int) -> None:
    rules = FAMILIES[family]
    piece = fixed_piece(span, rules)
    assert piece.frames == rules.longest
    assert [frame for frame, _ in piece.shown] == list(range(1, span))
    indices = [index for _, index in piece.shown]
    assert indices == sorted(indices)
    assert indices[0] >= 0
    assert indices[-1] < rules.longest


def test_an_end_that_must_be_last_is_reached_evenly() -> None:
    (piece,) = pieces(6, FAMILIES["wan"])
    assert (piece.frames, piece.pin) == (9, 8)
    assert piece.shown == ((1, 1), (2, 3), (3, 4), (4, 5), (5, 7))


def test_a_longest_clip_must_be_on_the_grid() -> None:
    with pytest.raises(InvalidInput, match="8k\\+1 frames"):
        ClipRules(8, 32, 120, EndPlace.ANYWHERE)
    assert FAMILIES["ltx and ltx2"].capped(120).longest == 113
    with pytest.raises(InvalidInput, match="at least 9"):
        FAMILIES["ltx and ltx2"].capped(8)
