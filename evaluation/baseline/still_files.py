"""Codes for stills that are files: JPEG and WebP by OpenCV, JPEG XL by imagecodecs where that is installed.

Their containers are what people send, and are counted: about 20 bytes of a WebP, some 200 of a JPEG with
Huffman tables of its own.
"""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.types import Picture

_QUALITIES: Final = range(1, 100)


class OpenCvCode:
    """A `StillCode` of OpenCV.

    Args:
        name: see `StillCode`.
        ending: of its files, with the dot.
        quality_flag: of `cv2.imencode`.
        flags: others of it, and their values.
    """

    def __init__(self, name: str, ending: str, quality_flag: int, *flags: int) -> None:
        self.name, self._ending, self._quality_flag, self._flags = name, ending, quality_flag, flags
        self.qualities: Sequence[float] = _QUALITIES
        self.settings = f"opencv {cv2.__version__} {ending} {flags}"

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `StillCode.encode`."""
        flags = [self._quality_flag, int(quality), *self._flags]
        _, data = cv2.imencode(self._ending, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
        return data.tobytes()

    def decode(self, data: bytes) -> Picture:
        """See `StillCode.decode`."""
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if picture is None:
            raise InvalidInput(f"{self.name}: {len(data)} bytes that its decoder refuses")
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


class JpegXl:
    """A `StillCode` of libjxl; qualities are its distances, negative so that they rise."""

    name = "jpeg-xl"
    qualities: Sequence[float] = [-tenth / 10 for tenth in range(250, 2, -2)]
    _EFFORT: Final = 7
    settings = f"libjxl effort {_EFFORT}"

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `StillCode.encode`."""
        return bytes(_imagecodecs().jpegxl_encode(picture, distance=-quality, effort=self._EFFORT))

    def decode(self, data: bytes) -> Picture:
        """See `StillCode.decode`."""
        try:
            return np.asarray(_imagecodecs().jpegxl_decode(data), np.uint8)
        except (ValueError, RuntimeError) as error:
            raise InvalidInput(f"{self.name}: {len(data)} bytes that its decoder refuses") from error


def _imagecodecs() -> Any:
    try:
        import imagecodecs
    except ImportError as error:
        raise MissingComponent(
            'jpeg-xl: imagecodecs is not installed; pip install "semvid[jpeg-xl]"'
        ) from error
    return imagecodecs


JPEG: Final = OpenCvCode(
    "jpeg",
    ".jpg",
    cv2.IMWRITE_JPEG_QUALITY,
    *(cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
)
WEBP: Final = OpenCvCode("webp", ".webp", cv2.IMWRITE_WEBP_QUALITY)
JPEG_XL: Final = JpegXl()
