from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from semvid.images.cuts import HISTORY, LONGEST_FLASH, CutDetector
from semvid.images.types import Picture

# What looking at the frames showed, beyond index.json: a true cut that it does not list; two scroll steps of
# a page, of the same size as two that it lists as page jumps.
ALSO_TRUE = {"cuts_bikes": [76], "screen_pdf_scroll": [28, 32]}
CLIPS = [
    "cuts_bikes",
    "screen_pdf_scroll",
    "act_weightlifting",
    "talking_head_foreman_cif",
    "traffic_topdown_cars",
    "film_bw_dialogue",
    "asl_thanks",
]


def cuts(pictures: Iterator[Picture] | list[Picture]) -> list[int]:
    detector = CutDetector()
    return [index for index, picture in enumerate(pictures) if detector.push(picture)]


def drifting(picture: Picture, count: int) -> list[Picture]:
    return [np.roll(picture, 3 * i, axis=1) for i in range(count)]


@pytest.mark.parametrize("name", CLIPS)
def test_hard_cuts_of_real_clips(
    name: str, frames: Callable[..., Iterator[Picture]], real_clip: Callable[[str], dict[str, Any]]
) -> None:
    found = cuts(frames(name))
    listed = real_clip(name)["hard_cuts"]
    true = listed + ALSO_TRUE.get(name, [])
    assert all(any(abs(cut - one) <= 1 for one in found) for cut in listed)
    assert all(any(abs(cut - one) <= 1 for cut in true) for one in found)


def test_a_cut_between_moving_shots(scene: Callable[..., Picture]) -> None:
    assert cuts(drifting(scene(1), 12) + drifting(scene(2), 12)) == [12]


def test_consecutive_cuts(scene: Callable[..., Picture]) -> None:
    assert cuts([scene(1), scene(2), scene(3)]) == [1, 2]


@pytest.mark.parametrize("level", [0, 255])
def test_a_flash_is_no_cut(scene: Callable[..., Picture], level: int) -> None:
    shot = drifting(scene(1), 20)
    shot[10] = np.full_like(shot[10], level)
    assert cuts(shot) == []


def test_a_cut_hidden_by_a_flash_is_found_after_it(scene: Callable[..., Picture]) -> None:
    flash = np.full_like(scene(1), 255)
    assert cuts([*drifting(scene(1), 8), flash, *drifting(scene(2), 8)]) == [9]


def test_lasting_blankness_is_content(scene: Callable[..., Picture]) -> None:
    black = [np.zeros_like(scene(1))] * (LONGEST_FLASH + 4)
    assert cuts([*drifting(scene(1), 8), *black, *drifting(scene(2), 8)]) == [
        8 + LONGEST_FLASH,
        8 + len(black),
    ]


def test_brightness_and_noise_are_no_cut(scene: Callable[..., Picture]) -> None:
    rng = np.random.default_rng(0)
    gains = [1.0, 1.0, 0.6, 1.0, 1.3, 0.8]
    shot = [np.clip(g * scene(1) + rng.normal(0, 6, scene(1).shape), 0, 255).astype(np.uint8) for g in gains]
    assert cuts(shot) == []


def test_a_page_that_jumps_out_of_stillness() -> None:
    rng = np.random.default_rng(0)
    text = np.where(rng.uniform(size=(400, 256, 1)) < 0.3, 20, 250).astype(np.uint8).repeat(3, axis=2)
    still, jumped = text[:192], text[60:252]
    assert cuts([still] * HISTORY + [jumped] * 4) == [HISTORY]


def test_pictures_of_any_size_are_taken() -> None:
    for shape in ((1, 1, 3), (2, 900, 3), (700, 1, 3)):
        assert cuts([np.full(shape, level, np.uint8) for level in (0, 90, 255)]) == []
