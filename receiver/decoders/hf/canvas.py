"""From the video's size to one that a model can make, and back."""

import math

import numpy as np

from semvid.errors import InvalidInput
from semvid.images.resize import at_size
from semvid.images.types import Picture


class Canvas:
    """Pictures of one video on a model's grid of sizes.

    A video that fits is not scaled: its edges are repeated to the right and below until both sides are on the
    grid, and cut off again. A larger one is made smaller first, as a whole, and enlarged afterwards.

    Args:
        width, height: of the video, pixels.
        grid: the model's sides are multiples of this.
        pixels: at most, of a picture that the model makes.

    Attributes:
        width, height: of the model's pictures.

    Raises:
        InvalidInput: not even one cell of the grid has that few pixels.
    """

    def __init__(self, width: int, height: int, grid: int, pixels: int) -> None:
        if pixels < grid * grid:
            raise InvalidInput(f"the model's smallest picture has {grid}x{grid} pixels; {pixels} are allowed")
        self._size = width, height
        scale = min(1.0, math.sqrt(pixels / (width * height)))
        while True:
            inner = max(1, int(width * scale)), max(1, int(height * scale))
            self.width, self.height = (-(-side // grid) * grid for side in inner)
            if self.width * self.height <= pixels or self.width == self.height == grid:
                break
            scale *= 0.98  # rounding up to the grid went past the limit
        self._inner = inner

    def put(self, picture: Picture) -> Picture:
        """A picture of the video, uint8 RGB, at the model's size."""
        picture = at_size(picture, self._inner)
        right, below = self.width - self._inner[0], self.height - self._inner[1]
        return np.pad(picture, ((0, below), (0, right), (0, 0)), mode="edge")

    def take(self, picture: Picture) -> Picture:
        """A picture of the model at the video's size; what was padded is cut off."""
        picture = at_size(picture[: self._inner[1], : self._inner[0]], self._size)
        return np.ascontiguousarray(picture)
