"""Pictures as grids of tokens, and what became of the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semvid.images.types import Picture
from semvid.tokens.grid_bits import bits_of_token, tokens_in, whole, written
from semvid.tokens.model import TokenModel


@dataclass(slots=True)
class TokenRecord:
    """What became of the tokens of keyframes so far.

    Attributes:
        model: that makes them.
        keyframes: that were sent.
        left_out: tokens that were not sent, for the receiver to draw.
        sent: tokens that left.
        lost: of them, those that did not arrive.
    """

    model: str
    keyframes: int = 0
    left_out: int = 0
    sent: int = 0
    lost: int = 0


class TokenGrids:
    """The grids of one video.

    Args:
        model: makes the tokens.
        share: of them that is sent.
        width, height: of the video, pixels.

    Attributes:
        size: width and height of coded pictures, pixels.
        record: of what became of the tokens.
    """

    def __init__(self, model: TokenModel, share: float, width: int, height: int) -> None:
        self._model, self._share = model, share
        rows, columns = model.grid_of(width, height)
        self._tokens = rows * columns
        self.size = columns * model.side, rows * model.side
        self.record = TokenRecord(model.name)

    def coded(self, picture: Picture) -> bytes:
        """The packet of a picture as large as `size`, uint8 RGB."""
        return written(self._model.encode(picture), self._model.codebook, self._share)

    def note(self, packet: bytes, lost: Sequence[range]) -> None:
        """Takes in what became of a keyframe.

        Args:
            packet: that was sent.
            lost: stretches of it that did not arrive.
        """
        there = np.ones(len(packet), bool)
        for stretch in lost:
            there[stretch.start : stretch.stop] = False
        codebook, record = self._model.codebook, self.record
        sent = tokens_in(len(packet), codebook, self._tokens)
        record.keyframes += 1
        record.sent, record.left_out = record.sent + sent, record.left_out + self._tokens - sent
        record.lost += sent - int(whole(there, sent, bits_of_token(codebook)).sum())
