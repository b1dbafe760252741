"""What the learned code does to pictures that were kept out of training, over AWGN of known noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from semvid.accounting import cbr
from semvid.images.fidelity import psnr_db
from semvid.images.jscc.code import Analysed, Side, decode
from semvid.images.jscc.networks import Networks
from semvid.images.types import Picture
from training.jscc.crops import Pictures

CBRS: Final = (0.0255, 0.0517)
"""Of the symbols alone; the side information comes on top, and is told in bytes."""
PLANS_DB: Final = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (10.0, 20.0), (20.0, 20.0))
"""SNR that was planned for, and the true one."""
_PART: Final = (320, 512)  # rows and columns in the middle of a picture, which is what is measured


@dataclass(frozen=True, slots=True)
class Row:
    """Means over pictures.

    Attributes:
        cbr: as asked for.
        planned_db, snr_db: Es/N0.
        pictures: how many.
        psnr_db: of RGB.
        side_bytes: of the side information.
    """

    cbr: float
    planned_db: float
    snr_db: float
    pictures: int
    psnr_db: float
    side_bytes: float


def measure(networks: Networks, kept_out: Sequence[Pictures], seed: int) -> list[Row]:
    """Rows by CBR and SNR, of one picture of each source; none where nothing was kept out.

    Raises:
        RuntimeError: more symbols came out than were asked for.
    """
    pictures = [_middle(one.pictures[0]) for one in kept_out]
    found: dict[tuple[float, float, float], list[tuple[float, int]]] = {}
    for number, picture in enumerate(pictures):
        height, width = picture.shape[:2]
        for planned_db in sorted({planned for planned, _ in PLANS_DB}):
            analysed = Analysed(networks, picture, planned_db)
            for ratio in CBRS:
                coded = analysed.code(int(ratio * picture.size))
                if cbr(len(coded.symbols), 1, height, width) > ratio:
                    raise RuntimeError(f"{len(coded.symbols)} symbols are more than a CBR of {ratio}")
                for snr_db in (snr for planned, snr in PLANS_DB if planned == planned_db):
                    rng = np.random.default_rng([seed, number, round(10 * snr_db)])
                    no = 10 ** (-snr_db / 10)
                    noise = rng.normal(0, np.sqrt(no / 2), (len(coded.symbols), 2)) @ [1, 1j]
                    received = (coded.symbols + noise).astype(np.complex64)
                    shown = decode(networks, Side.of(coded.side), received, np.full(len(received), no))
                    found.setdefault((ratio, planned_db, snr_db), []).append(
                        (psnr_db(picture, shown), len(coded.side))
                    )
    return [
        Row(*key, len(values), *(float(mean) for mean in np.mean(values, axis=0)))
        for key, values in sorted(found.items())
    ]


def _middle(picture: Picture) -> Picture:
    top, left = (max(0, (side - part) // 2) for side, part in zip(picture.shape, _PART, strict=False))
    return np.ascontiguousarray(picture[top : top + _PART[0], left : left + _PART[1]])
