from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.decoders.hf.filling import fill
from receiver.decoders.hf.pieces import ClipRules, EndPlace, Piece, pieces
from semvid.errors import Cancelled

START, END = np.full((1, 1, 3), 0, np.uint8), np.full((1, 1, 3), 250, np.uint8)


def between(piece: Piece, first: np.ndarray, last: np.ndarray) -> Future[np.ndarray]:
    """A clip that goes evenly from the one to the other."""
    weights = (np.arange(piece.frames) / piece.pin).clip(0, 1)[:, None, None, None]
    done: Future[np.ndarray] = Future()
    done.set_result(np.rint(first * (1 - weights) + last * weights).astype(np.uint8))
    return done


@given(st.integers(2, 400), st.sampled_from(EndPlace), st.integers(1, 4))
def test_a_gap_of_any_length_runs_evenly_from_end_to_end(span: int, end: EndPlace, ahead: int) -> None:
    rules = ClipRules(4, 16, 13, end)
    made = list(fill(pieces(span, rules), START, END, span, between, ahead, lambda: False))
    assert len(made) == span - 1
    levels = np.array([int(picture[0, 0, 0]) for picture in made])
    ideal = 250 * np.arange(1, span) / span
    coarse = 250 / rules.longest_span if span > rules.longest_span else 250 / (span + 1)
    assert np.abs(levels - ideal).max() <= coarse
    assert (np.diff(levels) >= -1).all()


def test_pictures_come_piece_by_piece_and_few_clips_are_alive() -> None:
    rules = ClipRules(8, 32, 121, EndPlace.ANYWHERE)
    begun: list[Piece] = []

    def begin(piece: Piece, first: np.ndarray, last: np.ndarray) -> Future[np.ndarray]:
        begun.append(piece)
        return between(piece, first, last)

    frames = fill(pieces(2001, rules), START, END, 2001, begin, 2, lambda: False)
    next(frames)
    assert [piece.coarse for piece in begun] == [True, False, False]
    assert 1 + sum(1 for _ in frames) == 2000


def test_waiting_ends_when_the_video_is_stopped() -> None:
    never: Callable[..., Future[np.ndarray]] = lambda piece, first, last: Future()  # noqa: E731
    rules = ClipRules(8, 32, 9, EndPlace.ANYWHERE)
    asked: list[int] = []
    with pytest.raises(Cancelled):
        list(fill(pieces(4, rules), START, END, 4, never, 1, lambda: len(asked) > 1 or bool(asked.append(1))))
