"""One sentence from all that was measured."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture
from transmitter.mllm.embedded.caption.colours import colours, light, with_article
from transmitter.mllm.embedded.caption.faces import faces
from transmitter.mllm.embedded.caption.motion import Motion, motion
from transmitter.mllm.embedded.views import View, view

MAX_CHARS = 160
_COUNT = {1: "one face", 2: "two faces", 3: "three faces"}
_PAGE_WHITE = 0.5  # share of nearly white, colourless pixels of a page
_PAGE_MARKS = 0.12  # share of pixels beside fine strokes


def describe(frames: Sequence[Picture]) -> str:
    """Describes a segment by what can be measured in ``frames`` (at least one, time order, RGB, one size).

    Returns:
        A sentence of at most `MAX_CHARS` ASCII characters: light, colours and their places, camera, main
        moving region, faces that stay. Parts that are not clear are left out.
    """
    views = [view(frame) for frame in frames]
    page = all(_is_page(one) for one in views)
    kind = "page or screen with fine dark marks" if page else "scene"
    subject = with_article(" ".join([", ".join(light(views)), kind]).strip())
    shades = colours(views)
    moved = motion(views)
    count = 0 if page else faces(views)
    opening = ", ".join(part for part in (subject, shades) if part)
    if page and "the camera moves" in moved.camera:
        moved = Motion(moved.camera.replace("the camera moves", "the content scrolls"), "")
    elif page:
        moved = Motion("", moved.region)
    parts = [opening, moved.camera, moved.region, _COUNT.get(count, "several faces") if count else ""]
    sentence = "; ".join(part for part in parts if part)
    while len(sentence) >= MAX_CHARS:
        sentence = sentence[: max(sentence.rfind("; "), sentence.rfind(", "))]
    return sentence[0].upper() + sentence[1:] + "."


def _is_page(one: View) -> bool:
    chroma = np.hypot(one.lab[..., 1] - 128.0, one.lab[..., 2] - 128.0)
    white = float(((one.lab[..., 0] > 205) & (chroma < 12)).mean())
    return white > _PAGE_WHITE and _marks(one.luminance) > _PAGE_MARKS


def _marks(luminance: NDArray[np.uint8]) -> float:
    """Share of pixels that lie in strokes darker than all around and thinner than five pixels."""
    strokes = cv2.morphologyEx(luminance, cv2.MORPH_BLACKHAT, np.ones((5, 5), np.uint8))
    return float((strokes > 24).mean())
