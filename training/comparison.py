"""What a network does to pictures that were kept out of training, in means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
import torch

from semvid.images.fidelity import psnr_db
from semvid.images.types import Picture
from training.features import Lpips
from transmitter.rate.loss import viewing_loss

COLUMNS: Final = ("pictures", "PSNR, dB", "viewing loss", "LPIPS")
"""Of a table, see `Means.cells`."""

Kind = TypeVar("Kind", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Means:
    """Over the pictures of one kind, without the network and with it.

    Attributes:
        pictures: how many.
        psnr_db, viewing_loss: before and after; the second is the total of `transmitter.rate.loss`.
        lpips: likewise; None where it is not at hand.
    """

    pictures: int
    psnr_db: tuple[float, float]
    viewing_loss: tuple[float, float]
    lpips: tuple[float, float] | None = None

    def cells(self) -> str:
        """Of a row of a Markdown table, by `COLUMNS`."""
        lpips = "" if self.lpips is None else f"{self.lpips[0]:.4f} -> {self.lpips[1]:.4f}"
        return (
            f"{self.pictures} | {self.psnr_db[0]:.2f} -> {self.psnr_db[1]:.2f} | "
            f"{self.viewing_loss[0]:.4f} -> {self.viewing_loss[1]:.4f} | {lpips}"
        )


class Comparison(Generic[Kind]):
    """Collects pictures by kind.

    Args:
        lpips: asked too; None: it is not.
    """

    def __init__(self, lpips: Lpips | None) -> None:
        # networks that are measured run on the CPU too, wherever they were trained
        self._lpips = None if lpips is None else lpips.to_device(torch.device("cpu"))
        self._found: defaultdict[Kind, list[list[float]]] = defaultdict(list)

    def add(self, kind: Kind, source: Picture, before: Picture, after: Picture) -> None:
        """One picture, uint8 RGB [height, width, 3], and what is shown of it without the network and with."""
        each = (before, after)
        self._found[kind].append(
            [
                *(psnr_db(source, shown) for shown in each),
                *(viewing_loss(source, shown).total for shown in each),
                *(_distance(self._lpips, source, shown) for shown in each if self._lpips is not None),
            ]
        )

    def means(self) -> dict[Kind, Means]:
        """Of every kind."""
        return {kind: _means(values) for kind, values in self._found.items()}


def _means(values: list[list[float]]) -> Means:
    means = [float(mean) for mean in np.mean(values, axis=0)]
    psnr, loss, *rest = zip(means[::2], means[1::2], strict=True)
    return Means(len(values), psnr, loss, rest[0] if rest else None)


def _distance(lpips: Lpips, source: Picture, shown: Picture) -> float:
    planes = [torch.from_numpy(one).permute(2, 0, 1)[None] / 255 for one in (shown, source)]
    with torch.no_grad():
        return float(lpips(planes[0], planes[1]))
