"""What a restorer does to pictures of clips that were kept out of training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from semvid.images.fidelity import psnr_db
from semvid.images.restorer import Restorer
from training.pairs import Pairs
from transmitter.rate.loss import viewing_loss

_BAND: Final = 5  # of CRF


@dataclass(frozen=True, slots=True)
class Row:
    """Means over the pictures of one size and a band of CRFs, as coded and restored.

    Attributes:
        size: of the coded sides against those shown.
        crf: where the band begins; it is 5 wide.
        pictures: how many.
        psnr_db, viewing_loss: before and after; the second is the total of `transmitter.rate.loss`.
    """

    size: Fraction
    crf: int
    pictures: int
    psnr_db: tuple[float, float]
    viewing_loss: tuple[float, float]


def measure(restorer: Restorer, scenes: Sequence[Sequence[Pairs]]) -> list[Row]:
    """Rows by size and CRF, largest size first; none where nothing was kept out."""
    found: defaultdict[tuple[Fraction, int], list[list[float]]] = defaultdict(list)
    for pairs in (pairs for scene in scenes for pairs in scene):
        band = int(pairs.crf) // _BAND * _BAND
        for source, coded, coding in zip(pairs.sources, pairs.coded, pairs.codings, strict=True):
            restored = restorer.restore(coded, coding)
            found[pairs.size, band].append(
                [
                    *(psnr_db(source, shown) for shown in (coded, restored)),
                    *(viewing_loss(source, shown).total for shown in (coded, restored)),
                ]
            )
    rows = []
    for (size, band), values in sorted(found.items(), key=lambda item: (-item[0][0], item[0][1])):
        before, after, lost_before, lost_after = (float(mean) for mean in np.mean(values, axis=0))
        rows.append(Row(size, band, len(values), (before, after), (lost_before, lost_after)))
    return rows
