"""Lines of text as pictures, set in the typeface that comes with matplotlib."""

from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

_DPI = 100


@lru_cache(maxsize=256)
def text_coverage(
    text: str, width: int, height: int, size_px: float, bold: bool = False
) -> NDArray[np.float32]:
    """How much each pixel of a strip is covered by ``text``, which starts at the left, vertically centred.

    Args:
        text: one line; cut at the strip's end.
        width, height: of the strip, pixels.
        size_px: height of the type.
        bold: heavier weight.

    Returns:
        float32 ``[height, width, 1]``, 0..1; not to be written to.
    """
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    canvas = FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    figure.text(
        0,
        0.5,
        text.replace("$", r"\$"),
        fontsize=size_px * 72 / _DPI,
        fontweight="bold" if bold else "normal",
        verticalalignment="center",
    )
    canvas.draw()
    alpha = np.asarray(canvas.buffer_rgba())[:height, :width, 3:]
    coverage = np.zeros((height, width, 1), np.float32)
    coverage[: alpha.shape[0], : alpha.shape[1]] = alpha.astype(np.float32) / 255
    coverage.setflags(write=False)
    return coverage


def write_text(
    picture: NDArray[np.uint8],
    text: str,
    left: int,
    top: int,
    height: int,
    size_px: float,
    rgb: tuple[int, int, int],
    bold: bool = False,
    width: int | None = None,
) -> None:
    """Sets ``text`` into ``picture`` (uint8 RGB) in place, in a strip whose corner is ``(left, top)``."""
    end = min(picture.shape[1], left + (width or picture.shape[1]))
    if end <= left or not text:
        return
    strip = picture[top : top + height, left:end]
    coverage = text_coverage(text, end - left, strip.shape[0], size_px, bold)
    blended = strip + (np.array(rgb, np.float32) - strip) * coverage
    strip[...] = (blended + 0.5).astype(np.uint8)
