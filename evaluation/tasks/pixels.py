"""PSNR over RGB and SSIM over grey, means over the judged frames (paper, metrics)."""

from __future__ import annotations

import numpy as np

from evaluation.judges import Facts, Frames
from semvid.fidelity import psnr_db, ssim


class Pixels:
    """See `evaluation.judges.Judge`."""

    measures = ("psnr_db", "ssim")

    def look(self, _source: Frames) -> None:
        """Nothing needs to be kept."""

    def compare(self, _seen: None, source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """Means of both over the judged frames."""
        pairs = list(zip(source.pictures, shown.pictures, strict=True))
        return {
            "psnr_db": float(np.mean([psnr_db(a, b) for a, b in pairs])),
            "ssim": float(np.mean([ssim(a, b) for a, b in pairs])),
        }
