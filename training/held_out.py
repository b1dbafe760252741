"""What a restorer does to pictures of clips that were kept out of training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import torch

from semvid.images.fidelity import psnr_db
from semvid.images.restorer import Restorer
from semvid.images.types import Picture
from training.features import Lpips
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
        lpips: likewise; None where it is not at hand.
    """

    size: Fraction
    crf: int
    pictures: int
    psnr_db: tuple[float, float]
    viewing_loss: tuple[float, float]
    lpips: tuple[float, float] | None = None


def measure(restorer: Restorer, scenes: Sequence[Sequence[Pairs]], lpips: Lpips | None = None) -> list[Row]:
    """Rows by size and CRF, largest size first; none where nothing was kept out."""
    if lpips is not None:
        lpips.to_device(torch.device("cpu"))  # the restorer runs there too, wherever it was trained
    found: defaultdict[tuple[Fraction, int], list[list[float]]] = defaultdict(list)
    for pairs in (pairs for scene in scenes for pairs in scene):
        band = int(pairs.crf) // _BAND * _BAND
        for source, coded, coding in zip(pairs.sources, pairs.coded, pairs.codings, strict=True):
            restored = restorer.restore(coded, coding)
            found[pairs.size, band].append(
                [
                    *(psnr_db(source, shown) for shown in (coded, restored)),
                    *(viewing_loss(source, shown).total for shown in (coded, restored)),
                    *(_lpips(lpips, source, shown) for shown in (coded, restored) if lpips is not None),
                ]
            )
    rows = []
    for (size, band), values in sorted(found.items(), key=lambda item: (-item[0][0], item[0][1])):
        means = [float(mean) for mean in np.mean(values, axis=0)]
        psnr, loss, *rest = zip(means[::2], means[1::2], strict=True)
        rows.append(Row(size, band, len(values), psnr, loss, rest[0] if rest else None))
    return rows


def _lpips(lpips: Lpips, source: Picture, shown: Picture) -> float:
    planes = [torch.from_numpy(one).permute(2, 0, 1)[None] / 255 for one in (shown, source)]
    with torch.no_grad():
        return float(lpips(planes[0], planes[1]))
