from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.decoders.hf.canvas import Canvas
from semvid.errors import InvalidInput


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([1, 16, 32]), st.integers(1024, 60_000))
def test_pictures_come_back_at_their_size_and_the_models_is_legal(
    width: int, height: int, grid: int, pixels: int
) -> None:
    canvas = Canvas(width, height, grid, pixels)
    assert canvas.width % grid == canvas.height % grid == 0
    assert canvas.width * canvas.height <= pixels
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    made = canvas.put(picture)
    assert made.shape == (canvas.height, canvas.width, 3)
    back = canvas.take(made)
    assert back.shape == picture.shape
    padded = -(-width // grid) * grid * -(-height // grid) * grid
    if padded <= pixels:  # not scaled: nothing is lost
        np.testing.assert_array_equal(back, picture)


def test_too_few_pixels_are_refused() -> None:
    with pytest.raises(InvalidInput, match="32x32"):
        Canvas(64, 64, 32, 1000)
