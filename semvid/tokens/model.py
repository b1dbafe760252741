"""What a token model must be able to do."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture

Grid = NDArray[np.int64]
"""Tokens [rows, columns], each 0 .. codebook - 1."""

MAX_GRID_BYTES: Final = 30_000
"""Of one grid, so that a quarter of it fits one block."""


class TokenModel(Protocol):
    """Pictures as tokens of a codebook, and back. Several transmissions may use one at a time.

    Attributes:
        name: as in the settings.
        digest: the first 16 hex digits of the SHA-256 of what codes and decodes; both ends need the same.
        codebook: how many different tokens there are, at least 2.
        side: of the square of a picture that a token stands for, pixels.
    """

    name: str
    digest: str
    codebook: int
    side: int

    def grid_of(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns for videos of ``width`` x ``height`` pixels: as many tokens as the model was
        trained with, or a few less, in the shape of the picture."""

    def encode(self, picture: Picture) -> Grid:
        """The tokens of uint8 RGB [rows * side, columns * side, 3]."""

    def decode(self, grid: Grid) -> Picture:
        """The picture of tokens, uint8 RGB [rows * side, columns * side, 3]."""

    def fill(self, grid: Grid, known: NDArray[np.bool_], caption: str, seed: int) -> Grid:
        """``grid`` with what is not ``known`` drawn; equal arguments give equal tokens.

        Args:
            grid: tokens; where they are not known, any.
            known: [rows, columns].
            caption: what the picture shows; empty: nobody said.
            seed: of the draw, 0 .. 2**63 - 1.
        """
