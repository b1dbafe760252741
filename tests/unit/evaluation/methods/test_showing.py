from __future__ import annotations

from typing import Any, cast

import numpy as np

from evaluation.methods.showing import AS_DECODED, Restored
from evaluation.methods.video_code import Stream
from semvid.images.finishing import RESTORATION
from semvid.images.restorer import Coding, Restorer
from semvid.images.types import Picture

STREAM = Stream([b""], [0], 32, 16, 1)


class Inverting:
    """A restorer that notes what it is told."""

    digest = "0123456789abcdef"

    def __init__(self) -> None:
        self.told: list[Coding] = []

    def restore(self, picture: Picture, coding: Coding) -> Picture:
        self.told.append(coding)
        return 255 - picture


def planes(luma: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey, YCbCr 4:2:0."""
    return np.concatenate([np.full((16, 32), luma, np.uint8), np.full((8, 32), 128, np.uint8)])


def test_a_rival_is_shown_at_full_size_with_and_without_the_network() -> None:
    network = Inverting()
    restored = Restored(cast("Restorer", network))
    plain = AS_DECODED.of(STREAM, 60.0, (64, 32))(planes(235))
    assert plain.shape == (32, 64, 3)
    assert plain.min() > 250
    mixed = restored.of(STREAM, 60.0, (64, 32))(planes(235))
    assert np.abs(mixed - 255 * (1 - RESTORATION / 7)).max() < 3
    (coding,) = network.told
    assert (coding.quantiser, coding.size, coding.layer) == (240, 0.5, 0)
    assert (AS_DECODED.settings, restored.settings) == ({}, {"restorer": network.digest})


def test_a_picture_that_is_held_is_restored_once() -> None:
    network = Inverting()
    show = Restored(cast("Restorer", network)).of(STREAM, 70.0, (32, 16))
    held, other = planes(100), planes(50)
    assert show(held) is show(held)
    assert not np.array_equal(show(other), show(held))
    assert [coding.quantiser for coding in network.told] == [255] * 3
