"""Where the stream header leaves in a block of its own, before any picture: another control word costs little
of the budget there, and its burst says what the link is like."""

from __future__ import annotations

from typing import Final

from transmitter.rate.control import Budget
from transmitter.rate.model import LinkPrice

_POOR_BITS_PER_SYMBOL: Final = 2.0  # of keyframe; about 8 dB
_LITTLE: Final = 1 / 30  # of the budget, for a block beside its keyframes
_VERY_LITTLE: Final = 1 / 200
_MENDED: Final = 1.5  # of what is left, that a coarser CRF makes up for without smaller pictures


def on_a_poor_link(price: LinkPrice, budget: Budget) -> bool:
    """A first burst that is lost there would leave no room to send it again."""
    return price.bits_per_symbol < _POOR_BITS_PER_SYMBOL and price.block_symbols < _LITTLE * budget.symbols


def for_a_second_pass(price: LinkPrice, budget: Budget, taken: float, left: float) -> bool:
    """A sounding errs by half a decibel and keeps its distance: a video that is sized by it leaves a tenth of
    its budget unspent.

    Args:
        price: by the sounding.
        budget: of the video.
        taken: symbols of all of its keyframes as they are coded now.
        left: symbols that there are; far too few ask for smaller pictures, whose size the header says.
    """
    poor = price.bits_per_symbol < _POOR_BITS_PER_SYMBOL
    return not poor and price.block_symbols < _VERY_LITTLE * budget.symbols and taken <= _MENDED * left
