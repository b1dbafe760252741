"""A second pass: the CRF that uses up what is left, by what the same pictures took at others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from transmitter.rate.plan import CRF_STEP

MOST_CODINGS: Final = 4
"""Of one sequence, the first included, where one of them is fair; two more where none is."""
_FAIR: Final = 0.9  # share of what is left that is taken
_AIM: Final = 0.99
_WELL_SPENT: Final = 0.98
_BYTES_PER_CRF: Final = 0.11  # - d log symbols / d CRF, where nothing is known yet
_LEAST_PER_CRF: Final = 0.05  # whatever was seen


def next_crf(taken: Mapping[float, float], left: float, finest: float, coarsest: float) -> float:
    """The CRF at which a sequence is to be coded next.

    Args:
        taken: symbols at the CRFs tried so far, one at least.
        left: symbols that it may take.
        finest, coarsest: CRF that it may get; or has had.

    Returns:
        In quarters; one that was tried where nothing better is to be expected.
    """
    fitting = [crf for crf, symbols in taken.items() if symbols <= left]
    under = min(fitting, default=None)
    over = max((crf for crf in taken if crf not in fitting), default=None)
    close = over is not None and under is not None and under - over <= CRF_STEP
    spent = 0.0 if under is None else taken[under] / left
    enough = MOST_CODINGS if spent >= _FAIR else MOST_CODINGS + 2
    if len(taken) >= enough or close or spent >= _WELL_SPENT:
        return max(taken) if under is None else under
    if over is None or under is None:
        nearest = min(taken) if over is None else max(taken)
        missed = math.log(max(1.0, taken[nearest]) / max(1.0, _AIM * left))
        wanted = nearest + missed / _slope(taken)
    else:
        share = math.log(taken[over] / (_AIM * left)) / math.log(taken[over] / taken[under])
        wanted = min(over + share * (under - over), under - CRF_STEP)
    # what is beyond a bound already is not brought back to it, where it would take what is wanted even less
    finest, coarsest = min(finest, *taken), max(coarsest, *taken)
    return min(max(CRF_STEP * math.ceil(wanted / CRF_STEP), finest), coarsest)


def _slope(taken: Mapping[float, float]) -> float:
    """How fast symbols fall with the CRF, over all that was tried."""
    (least, most), (coarsest, finest) = (min(taken), max(taken)), (min(taken.values()), max(taken.values()))
    if finest <= coarsest or coarsest <= 0:
        return _BYTES_PER_CRF
    return max(_LEAST_PER_CRF, math.log(finest / coarsest) / (most - least))
