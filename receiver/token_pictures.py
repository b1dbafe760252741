"""Keyframes of tokens: what arrived of them, and pictures of that and of what is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from receiver.gaps import segment_seed
from receiver.keyframe_groups import ReceivedGroup
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.semantics import StreamHeader
from semvid.tokens.grid_bits import read, size_of
from semvid.tokens.model import TokenModel


@dataclass(frozen=True, slots=True)
class TokenTally:
    """What a keyframe was made of.

    Attributes:
        received: tokens that arrived.
        drawn: tokens that did not, or were not sent, and that the model drew.
    """

    received: int
    drawn: int

    @property
    def guessed(self) -> str:
        """What of it is a guess, in words; empty: nothing."""
        total = self.received + self.drawn
        return f"{self.drawn} of {total} tokens did not arrive and were drawn" if self.drawn else ""


class TokenPictures:
    """Of one transmission.

    Args:
        model: of the receiver; None: it has none.
        header: of the stream.

    Raises:
        InvalidInput: there is no model, or not of the grids that are sent.
    """

    def __init__(self, model: TokenModel | None, header: StreamHeader) -> None:
        if model is None:
            raise InvalidInput(
                "keyframes are sent as tokens, and this receiver has no token model; send with another "
                "coding, or start the receiver with SEMVID_RECEIVER_TOKEN_MODEL (docs/tokens.md)"
            )
        self._rows, self._columns = model.grid_of(header.width, header.height)
        made = self._columns * model.side, self._rows * model.side
        if made != (header.coded_width, header.coded_height):
            raise InvalidInput(
                f"keyframes are sent as tokens of {header.coded_width}x{header.coded_height} pixels, and "
                f"those of the receiver's {model.name} have {made[0]}x{made[1]}; set "
                "SEMVID_RECEIVER_TOKEN_MODEL to the transmitter's (docs/tokens.md)"
            )
        self._model, self._seed = model, header.seed

    def lacks(self, received: ReceivedGroup) -> bool:
        """Whether tokens of a keyframe are to be drawn."""
        arrived = sum(map(len, received.slices.values()))
        return arrived < size_of(self._rows * self._columns, self._model.codebook)

    def show(self, received: ReceivedGroup, caption: str) -> tuple[Picture, TokenTally]:
        """The picture of a keyframe, uint8 RGB as coded; what misses is drawn under ``caption``.

        Raises:
            MalformedUnits: its bytes are not those of a grid.
        """
        model, group = self._model, received.group
        grid, known = read(received.slices, group.size, self._rows, self._columns, model.codebook)
        tally = TokenTally(int(known.sum()), int((~known).sum()))
        if tally.drawn:
            frame = group.pictures[0].frame
            grid = model.fill(grid, known, caption, segment_seed(self._seed, frame, frame))
        return model.decode(grid), tally
