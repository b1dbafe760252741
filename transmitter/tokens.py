"""Keyframes as tokens, in the place of the AV1 encoder: each stands alone and is complete at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semvid.images.keyframe_codec import EncodedPicture, Group
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


class TokenEncoder:
    """Takes pictures as `semvid.images.keyframe_codec.KeyframeEncoder` does.

    Args:
        model: makes the tokens.
        share: of them that is sent.

    Attributes:
        crf: None: it is a matter of AV1.
        record: of what became of them.
    """

    crf = None

    def __init__(self, model: TokenModel, share: float = 1.0) -> None:
        self._model, self._share = model, share
        self._pushed = 0
        self.record = TokenRecord(model.name)

    def coded_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of coded pictures, of a video of ``width`` x ``height`` pixels."""
        rows, columns = self._model.grid_of(width, height)
        return columns * self._model.side, rows * self._model.side

    def push(self, picture: Picture) -> list[Group]:
        """Takes the next picture, as large as `coded_size`; gives it as a group of its own."""
        packet = written(self._model.encode(picture), self._model.codebook, self._share)
        self._pushed += 1
        return [(EncodedPicture(self._pushed - 1, packet, refresh=False, leans_on=0, kept_in=0),)]

    def finish(self) -> list[Group]:
        """Nothing is held."""
        return []

    def note(self, size: tuple[int, int], packet: bytes, lost: Sequence[range]) -> None:
        """Takes in what became of a keyframe of ``size`` (width, height).

        Args:
            packet: that was sent.
            lost: stretches of it that did not arrive.
        """
        there = np.ones(len(packet), bool)
        for stretch in lost:
            there[stretch.start : stretch.stop] = False
        side, codebook, record = self._model.side, self._model.codebook, self.record
        tokens = size[0] * size[1] // side**2
        sent = tokens_in(len(packet), codebook, tokens)
        record.keyframes += 1
        record.sent, record.left_out = record.sent + sent, record.left_out + tokens - sent
        record.lost += sent - int(whole(there, sent, bits_of_token(codebook)).sum())
