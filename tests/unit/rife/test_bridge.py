from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from semvid.errors import InvalidInput
from semvid.images.interpolation import sharpened
from semvid.rife.bridge import RifeBridge
from semvid.rife.network import Motion, RifeNetwork
from tests.unit.rife.scene import scene


class Known:
    """Stands in for a network: everything moves to the right by ``shift`` pixels from start to end."""

    def __init__(self, shift: float, share: float = 0.5) -> None:
        self._shift, self._share = shift, share

    def seen(self, picture: np.ndarray) -> Any:
        return picture

    def motion(self, start: Any, end: Any, t: float, size: tuple[int, int]) -> Any:
        shape = (size[1], size[0])
        back, ahead = (
            np.full((*shape, 2), (x, 0), np.float32) for x in (-t * self._shift, (1 - t) * self._shift)
        )
        return SimpleNamespace(
            to_start=back, to_end=ahead, share_of_start=np.full(shape, self._share, np.float32)
        )


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_both_keyframes_move_to_where_they_are_at_that_time(share: float) -> None:
    bridge: Any = RifeBridge(Known(8, share), scene(0, 64, 128), scene(8, 64, 128))  # type: ignore[arg-type]
    inner = (slice(16, -16), slice(16, -16))
    for t, shift in ((0.25, 2), (0.5, 4), (0.75, 6)):
        expected = sharpened(scene(shift, 64, 128), t)
        np.testing.assert_allclose(bridge.frame(t)[inner].astype(int), expected[inner], atol=1)


def test_the_mask_says_whose_pixel_it_is() -> None:
    black, white = np.zeros((64, 128, 3), np.uint8), np.full((64, 128, 3), 255, np.uint8)
    bridge = RifeBridge(Known(0, 0.8), black, white)  # type: ignore[arg-type]
    assert (bridge.frame(0.5) == 51).all()  # a fifth of the end


def test_the_ends_are_the_keyframes_and_equal_calls_give_equal_pictures(network: RifeNetwork) -> None:
    start, end = scene(0, 70, 100), scene(5, 70, 100)
    first, second = (RifeBridge(network, start, end) for _ in range(2))
    np.testing.assert_array_equal(first.frame(0), start)
    np.testing.assert_array_equal(first.frame(1), end)
    middle = first.frame(0.5)
    assert (middle.shape, middle.dtype) == (start.shape, np.uint8)
    np.testing.assert_array_equal(second.frame(0.5), middle)
    assert isinstance(network.motion(network.seen(start), network.seen(end), 0.5, (100, 70)), Motion)


def test_pictures_that_are_no_pair_are_refused(network: RifeNetwork) -> None:
    start = scene(0, 64, 64)
    for end in (start[:, :-1], start[..., 0], start.astype(np.float32)):
        with pytest.raises(InvalidInput, match="a bridge needs"):
            RifeBridge(network, start, end)
