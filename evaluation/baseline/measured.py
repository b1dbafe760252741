"""What is measured of a picture as it is shown."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from evaluation.judges.lpips import Lpips
from evaluation.judges.ssim import ms_ssim
from semvid.images.fidelity import psnr_db, ssim
from semvid.images.types import Picture

LPIPS_MODEL: Final = "lpips_squeeze.onnx"
_DIGITS: Final = 5


class Measures:
    """PSNR of RGB, SSIM and MS-SSIM of the luma, and LPIPS where there is a network for it.

    Args:
        judges: folder with `LPIPS_MODEL`; None: no LPIPS.

    Raises:
        InvalidInput: there is no such model.
        MissingComponent: no ONNX Runtime.
    """

    def __init__(self, judges: Path | None = None) -> None:
        self._functions: dict[str, Callable[[Picture, Picture], float]] = {
            "psnr_db": psnr_db,
            "ssim": ssim,
            "ms_ssim": ms_ssim,
        }
        if judges is not None:
            self._functions["lpips"] = Lpips(judges / LPIPS_MODEL)

    def of(self, reference: Picture, picture: Picture, without: Collection[str] = ()) -> dict[str, float]:
        """By the names of `evaluation.measures`, rounded."""
        return {
            name: round(function(reference, picture), _DIGITS)
            for name, function in self._functions.items()
            if name not in without
        }
