"""What a restorer does to pictures of clips that were kept out of training."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from semvid.images.restorer import Restorer
from training.card import table
from training.comparison import COLUMNS, Comparison
from training.features import Lpips
from training.pairs import Pairs

_BAND: Final = 5  # of CRF


def measure(restorer: Restorer, scenes: Sequence[Sequence[Pairs]], lpips: Lpips | None = None) -> list[str]:
    """A Markdown table by size and CRF, largest size first; no lines where nothing was kept out."""
    comparison = Comparison[tuple[Fraction, int]](lpips)
    for pairs in (pairs for scene in scenes for pairs in scene):
        band = int(pairs.crf) // _BAND * _BAND
        for source, coded, coding in zip(pairs.sources, pairs.coded, pairs.codings, strict=True):
            comparison.add((pairs.size, band), source, coded, restorer.restore(coded, coding))
    found = sorted(comparison.means().items(), key=lambda one: (-one[0][0], one[0][1]))
    rows = [f"{size} | {crf} to {crf + _BAND} | {means.cells()}" for (size, crf), means in found]
    return table(("size", "CRF", *COLUMNS), rows)
