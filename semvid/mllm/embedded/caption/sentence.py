"""One sentence from all that was measured."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.caption.colours import (
    colours,
    is_colourless,
    light,
    main_colours,
    with_article,
)
from semvid.mllm.embedded.caption.faces import faces
from semvid.mllm.embedded.caption.motion import Motion, motion
from semvid.mllm.embedded.caption.things import Kind, kinds, named
from semvid.mllm.embedded.comparison import Seen
from semvid.mllm.embedded.views import View

MAX_CHARS = 160
_COUNT = {1: "one face", 2: "two faces", 3: "three faces"}
_PAGE_WHITE = 0.5  # share of nearly white, colourless pixels of a page
_PAGE_MARKS = 0.12  # share of pixels beside fine strokes


def describe(frames: Sequence[Seen]) -> str:
    """Describes a segment by what is found and measured in ``frames`` (at least one, time order, one size).

    Returns:
        A sentence of at most `MAX_CHARS` ASCII characters: things, or light and colours where none is known;
        the main moving one or region; the camera. Parts that are not clear are left out.
    """
    views = [frame.view for frame in frames]
    if all(_is_page(one) for one in views):
        parts = _page(views)
    elif found := kinds([frame.sight.things for frame in frames]):
        parts = _things(found, views)
    else:
        moved = motion(views)
        count = faces(views)
        region = moved.region.words if moved.region else moved.rest
        opening = _opening("scene", views)
        parts = [opening, moved.camera, region, _COUNT.get(count, "several faces") if count else ""]
    sentence = "; ".join(part for part in parts if part)
    while len(sentence) >= MAX_CHARS:
        sentence = sentence[: max(sentence.rfind("; "), sentence.rfind(", "))]
    return sentence[0].upper() + sentence[1:] + "."


def _page(views: Sequence[View]) -> list[str]:
    moved = motion(views)
    opening = _opening("page or screen with fine dark marks", views)
    if "the camera moves" in moved.camera:
        return [opening, moved.camera.replace("the camera moves", "the content scrolls")]
    return [opening, moved.region.words if moved.region else moved.rest]


def _things(found: Sequence[Kind], views: Sequence[View]) -> list[str]:
    around = main_colours(views)
    shades = f", {around if ' above ' in around else f'on {around}'}" if around else ""
    if is_colourless(views):
        shades = ", in black and white"
    moved = motion(views)
    return [named(found) + shades, _who_moves(found, moved), moved.camera]


def _who_moves(found: Sequence[Kind], moved: Motion) -> str:
    """The thing in whose box the moving region lies, else the region, else what is said of the rest."""
    region = moved.region
    if region is None:
        return moved.rest
    for kind in found:
        boxes = [thing for thing in kind.best if thing is not None]
        if any(one.left <= region.x <= one.right and one.top <= region.y <= one.bottom for one in boxes):
            return f"{'the' if kind.count == 1 else 'one'} {kind.name} moves{region.direction}"
    return region.words


def _opening(kind: str, views: Sequence[View]) -> str:
    subject = with_article(" ".join([", ".join(light(views)), kind]).strip())
    return ", ".join(part for part in (subject, colours(views)) if part)


def _is_page(one: View) -> bool:
    chroma = np.hypot(one.lab[..., 1] - 128.0, one.lab[..., 2] - 128.0)
    white = float(((one.lab[..., 0] > 205) & (chroma < 12)).mean())
    return white > _PAGE_WHITE and _marks(one.luminance) > _PAGE_MARKS


def _marks(luminance: NDArray[np.uint8]) -> float:
    """Share of pixels that lie in strokes darker than all around and thinner than five pixels."""
    strokes = cv2.morphologyEx(luminance, cv2.MORPH_BLACKHAT, np.ones((5, 5), np.uint8))
    return float((strokes > 24).mean())
