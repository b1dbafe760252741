from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from receiver.decoders import DECODERS, make_decoder
from receiver.decoders.decoder import SegmentRequest
from semvid.errors import Cancelled, InvalidInput


def square(at: int) -> np.ndarray:
    image = np.full((48, 64, 3), 40, np.uint8)
    image[16:32, at : at + 16] = 220
    return image


def generate(
    count: int, cancelled: Callable[[], bool] = lambda: False, told: list[float] | None = None
) -> Iterator[np.ndarray]:
    progress = (lambda share: None) if told is None else told.append
    request = SegmentRequest(square(8), square(16), 64, 48, "", None, count, 24.0, seed=0)
    return make_decoder("embedded").generate(request, progress, cancelled)


def test_the_embedded_decoder_moves_what_moves() -> None:
    told: list[float] = []
    frames = list(generate(3, told=told))
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3
    assert told[-1] == 1.0
    centres = [np.average(np.arange(64), weights=(frame[24, :, 0] > 130)) for frame in frames]
    assert centres == pytest.approx([17.5, 19.5, 21.5], abs=1)


def test_it_is_deterministic_and_lazy() -> None:
    first, second = generate(5), generate(5)
    np.testing.assert_array_equal(next(first), next(second))


def test_it_stops_when_told() -> None:
    answers = iter([False, True])
    frames = generate(5, cancelled=lambda: next(answers))
    next(frames)
    with pytest.raises(Cancelled):
        next(frames)


def test_what_it_has_not_announced_is_refused() -> None:
    request = SegmentRequest(square(8), None, 64, 48, "", None, 3, 24.0, seed=0)
    with pytest.raises(InvalidInput, match=r"embedded was asked to draw from first_frame.*from both_ends"):
        next(make_decoder("embedded").generate(request, lambda share: None, lambda: False))


def test_every_decoder_is_found_by_its_name() -> None:
    assert {"auto", "command", "embedded", "hf", "rife"} <= DECODERS.keys()
    assert make_decoder("embedded").profile.name == "embedded"
    with pytest.raises(InvalidInput, match="decoder command: needs a command line"):
        make_decoder("command")
    with pytest.raises(InvalidInput, match="needs a model"):
        make_decoder("hf")
    with pytest.raises(InvalidInput, match="no video decoder 'dream'"):
        make_decoder("dream:er")
    with pytest.raises(InvalidInput, match="takes no argument"):
        make_decoder("embedded:x")
