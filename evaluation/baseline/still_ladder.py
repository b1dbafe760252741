"""The right size for a still: at which size and quality it is coded so that its bytes just fit."""

import hashlib
import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from evaluation.baseline.still_code import StillCode
from evaluation.methods.cache import CACHE
from evaluation.methods.ladder import SCALES, finest_crf
from evaluation.methods.video_code import codable, coded_size
from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.service.files import replacing

_SIZE: Final = struct.Struct(">HH")  # width and height of the source, which a smaller picture does not tell
_CLOSE: Final = 0.01  # of the capacity; a picture that leaves less than this is fine enough


@dataclass(frozen=True, slots=True)
class Choice:
    """How a picture is coded.

    Attributes:
        scale: divisor of the sides.
        quality: of the code.
    """

    scale: float
    quality: float


class StillLadder:
    """One code on one picture; what was coded once is not coded again.

    The folder that `evaluation.methods.cache.CACHE` names keeps streams for other processes.
    """

    def __init__(self, code: StillCode, picture: Picture) -> None:
        self.code, self.picture = code, picture
        self.stream = lru_cache(maxsize=None)(self._stream)
        self.psnr_db = lru_cache(maxsize=None)(self._psnr_db)
        shared = os.environ.get(CACHE)
        self._folder = Path(shared) if shared else None
        self._key = hashlib.sha256(f"{code.settings} {picture.shape}".encode() + picture.tobytes())

    def best(self, capacity_bytes: int) -> Choice | None:
        """The choice of highest PSNR whose stream takes at most so many bytes; None if none does.

        From the full size down, until a smaller one is no better, or quality so high that none can be.
        """
        best: Choice | None = None
        height, width = self.picture.shape[:2]
        for scale in (scale for scale in SCALES if codable(width, height, scale)):
            quality = finest_crf(
                self.code.qualities,
                capacity_bytes,
                lambda quality, scale=scale: len(self.stream(Choice(scale, quality))),  # type: ignore[misc]
                first=len(self.code.qualities) // 2,
                close=_CLOSE,
            )
            if quality is None:
                continue
            choice = Choice(scale, quality)
            if best is not None and self.psnr_db(choice) < self.psnr_db(best):
                break
            best = choice
            if self.code.qualities.index(quality) >= len(self.code.qualities) // 2:
                break
        return best

    def _psnr_db(self, choice: Choice) -> float:
        return psnr_db(self.picture, decoded(self.code, self.stream(choice)))

    def _stream(self, choice: Choice) -> bytes:
        path = None
        if self._folder is not None:
            key = self._key.copy()
            key.update(repr(choice).encode())
            path = self._folder / f"still-{key.hexdigest()[:32]}.bin"
            if path.is_file():
                return path.read_bytes()
        height, width = self.picture.shape[:2]
        small = self.picture
        if choice.scale > 1:
            small = at_size(self.picture, coded_size(width, height, choice.scale))
        stream = _SIZE.pack(width, height) + self.code.encode(small, choice.quality)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(stream)
        return stream


def decoded(code: StillCode, stream: bytes) -> Picture:
    """What a receiver makes of a stream: a picture of the source's size, from the stream and nothing else.

    Raises:
        InvalidInput: the stream is none of ``code``.
    """
    if len(stream) < _SIZE.size:
        raise InvalidInput(f"{code.name}: a stream of {len(stream)} bytes holds no picture")
    width, height = _SIZE.unpack_from(stream)
    picture = code.decode(stream[_SIZE.size :])
    if picture.shape[:2] == (height + height % 2, width + width % 2):
        return picture[:height, :width]  # rounded up to even sides
    return at_size(picture, (width, height))
