"""Every code for stills by name."""

from typing import Final

from evaluation.baseline.intra import AV1_STILL, H265_STILL
from evaluation.baseline.still_code import StillCode
from evaluation.baseline.still_files import JPEG, JPEG_XL, WEBP

STILL_CODES: Final[dict[str, StillCode]] = {
    code.name: code for code in (AV1_STILL, H265_STILL, WEBP, JPEG, JPEG_XL)
}
