"""Light and colours of a segment, in words."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.views import View

NAMES = (
    "black",
    "grey",
    "white",
    "red",
    "orange",
    "brown",
    "yellow",
    "olive",
    "green",
    "cyan",
    "blue",
    "purple",
    "pink",
)
VIVID = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")

_DARK, _BRIGHT = 70.0, 190.0  # mean luminance, 8-bit levels
_LOW_CONTRAST = 28.0  # standard deviation of luminance
_COLOURLESS = 3.5  # 99th percentile of chroma in a black-and-white picture, 8-bit Lab levels
_MOSTLY, _BAND = 0.55, 0.45  # share of the picture, of one of its halves, that names the colour
_PRESENT = 0.2  # share of the picture from which a colour is named
_PATCH = (0.012, 0.25)  # share of the picture that a vivid patch covers
_PLACES = (
    ("at the top left", "at the top", "at the top right"),
    ("on the left", "in the middle", "on the right"),
    ("at the bottom left", "at the bottom", "at the bottom right"),
)


def light(views: Sequence[View]) -> list[str]:
    """Adjectives: dark or bright, low-contrast, black-and-white."""
    luminance = np.concatenate([view.luminance.ravel() for view in views])
    mean, deviation = float(luminance.mean()), float(luminance.std())
    words = []
    if mean < _DARK:
        words.append("dark")
    elif mean > _BRIGHT:
        words.append("bright")
    if deviation < _LOW_CONTRAST:
        words.append("low-contrast")
    if is_colourless(views):
        words.append("black-and-white")
    return words


def is_colourless(views: Sequence[View]) -> bool:
    """Whether no frame shows any colour."""
    return all(
        float(np.percentile(np.hypot(view.lab[..., 1] - 128.0, view.lab[..., 2] - 128.0), 99)) < _COLOURLESS
        for view in views
    )


def colours(views: Sequence[View]) -> str:
    """Dominant colours and places, e.g. ``blue above green, with a red area on the left``; may be empty."""
    if is_colourless(views):
        return ""
    named = np.stack([_named(view) for view in views])
    main = _main(named)
    if main in NAMES:
        share = _shares(named)[NAMES.index(main)]
        main = f"mostly {main}" if share > _MOSTLY else f"much {main}"
    return ", with ".join(part for part in (main, _patch(named, main)) if part)


def main_colours(views: Sequence[View]) -> str:
    """The dominant colour or two, ``green``, ``blue above green``; may be empty."""
    return "" if is_colourless(views) else _main(np.stack([_named(view) for view in views]))


def _main(named: NDArray[np.uint8]) -> str:
    whole = _shares(named)
    first = int(whole.argmax())
    half = named.shape[1] // 2
    top, bottom = _shares(named[:, :half]), _shares(named[:, half:])
    if whole[first] > _MOSTLY:
        return NAMES[first]
    if top.max() > _BAND and bottom.max() > _BAND and top.argmax() != bottom.argmax():
        return f"{NAMES[int(top.argmax())]} above {NAMES[int(bottom.argmax())]}"
    if whole[first] > _PRESENT:
        second = int(np.argsort(whole)[-2])
        return f"{NAMES[first]} and {NAMES[second]}" if whole[second] > _PRESENT else NAMES[first]
    return ""


def place(x: float, y: float) -> str:
    """Where a point (0..1, 0..1) lies, in words."""
    return _PLACES[min(2, int(3 * y))][min(2, int(3 * x))]


def _named(view: View) -> NDArray[np.uint8]:
    """Index into `NAMES` of every pixel of a coarse copy."""
    rgb = cv2.cvtColor(cv2.resize(view.lab, (64, 48), interpolation=cv2.INTER_AREA), cv2.COLOR_LAB2RGB)
    hue, saturation, value = (
        channel.astype(np.float32) for channel in cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV))
    )
    chroma = saturation * value / 255.0
    degrees = 2.0 * hue
    # upper ends of the hue ranges, degrees
    order = np.searchsorted([14.0, 42.0, 62.0, 160.0, 196.0, 258.0, 296.0, 342.0, 361.0], degrees.ravel())
    by_hue = np.array([NAMES.index(n) for n in (
        "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "red")])  # fmt: skip
    index = by_hue[order].reshape(hue.shape)
    index = np.where(
        (index == NAMES.index("orange")) & ((value < 170) | (saturation < 120)), NAMES.index("brown"), index
    )
    index = np.where((index == NAMES.index("yellow")) & (value < 190), NAMES.index("olive"), index)
    greyish = (chroma < 34) | (saturation < 42)
    shade = np.where(value > 195, NAMES.index("white"), NAMES.index("grey"))
    index = np.where(greyish, shade, index)
    return np.where(value < 48, NAMES.index("black"), index).astype(np.uint8)


def _shares(named: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.bincount(named.ravel(), minlength=len(NAMES)) / named.size


def _patch(named: NDArray[np.uint8], main: str) -> str:
    """A vivid region in one piece, in the same place on most frames."""
    best, words = 0.0, ""
    for name in VIVID:
        if name in main:
            continue
        steady = (np.mean(named == NAMES.index(name), axis=0) > 0.6).astype(np.uint8)
        count, _, statistics, centres = cv2.connectedComponentsWithStats(steady, connectivity=8)
        if count < 2:
            continue
        largest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
        share = float(statistics[largest, cv2.CC_STAT_AREA]) / steady.size
        height, width = steady.shape
        if _PATCH[0] < share < _PATCH[1] and share > best:
            best = share
            x, y = centres[largest]
            words = f"{with_article(name)} area {place(x / width, y / height)}"
    return words


def with_article(words: str) -> str:
    """``words`` after "a" or "an"."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
