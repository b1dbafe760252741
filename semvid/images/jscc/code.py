"""A picture <-> complex symbols and a few bytes beside them, by the learned code.

The bytes (`Coded.side`) hold the size, the SNR that was planned for, the scale that gave the symbols unit
mean power, and the rate map: what the receiver must know exactly, and therefore gets protected.

    width 16 | height 16 | planned SNR 8, quarters of a dB | log2 of the scale 16 | rate map
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MalformedUnits
from semvid.images.jscc.levels import CHANNELS, LEVELS, PATCH, choose_levels
from semvid.images.jscc.networks import Networks
from semvid.images.jscc.rate_map import pack_map, unpack_map
from semvid.images.types import Picture

SNR_RANGE_DB: Final = (0.0, 20.0)
"""What may be planned for; nearer ends stand for what lies outside."""
MAX_PIXELS: Final = 2**24
"""Of a picture; the networks look at all of it at once."""
_HEAD: Final = struct.Struct(">HHBH")
_SNR_STEPS: Final = 4  # a dB
_SCALE_STEPS, _SCALE_ZERO = 1024, 1 << 15  # steps an octave, and the one that says 1
_ROUNDS: Final = 3  # of levels that look at those of their neighbours
# bits that a level costs by its distance from a neighbour's, about; half for each of four neighbours
_DISTANCE_BITS: Final = np.array([0.8, 2.2, 3.6, 4.8, 5.8, 6.6, 7.2, 7.6]) / 2
_SENT: Final = np.arange(CHANNELS)[:, None] < 2 * np.array(LEVELS)[None]  # [CHANNELS, len(LEVELS)]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A picture on its way.

    Attributes:
        symbols: complex64 [n] of unit mean power; none for a picture that is worth none.
        side: what must arrive exactly.
    """

    symbols: NDArray[np.complex64]
    side: bytes


class Analysed:
    """A picture that the encoder has looked at; `code` may be asked for several budgets.

    Args:
        networks: of the code.
        picture: uint8 RGB [height, width, 3].
        snr_db: Es/N0 that is planned for.

    Raises:
        InvalidInput: more than `MAX_PIXELS`.
    """

    def __init__(self, networks: Networks, picture: Picture, snr_db: float) -> None:
        self._height, self._width = picture.shape[:2]
        _require_size(self._width, self._height)
        self._snr = round(_SNR_STEPS * min(max(snr_db, SNR_RANGE_DB[0]), SNR_RANGE_DB[1]))
        planes = np.ascontiguousarray(_padded(picture).transpose(2, 0, 1)[None], np.float32)
        channels, expected, self._gain, self._rate = networks.analyse(
            planes / np.float32(255), _planned(self._snr)
        )
        self._shape = channels.shape[2:]
        self._channels = channels[0].reshape(CHANNELS, -1)
        self._distortion = np.exp(expected[0].astype(np.float64)).reshape(len(LEVELS), -1).T

    def code(self, symbols: int, symbols_per_bit: float = 0.0) -> Coded:
        """The code for at most ``symbols`` symbols.

        Args:
            symbols: complex, of the picture; the side information comes on top.
            symbols_per_bit: what a bit of the rate map costs; levels then follow their neighbours where that
                is cheaper.
        """
        levels = choose_levels(self._distortion, symbols)
        for _ in range(_ROUNDS if symbols_per_bit else 0):
            bits = _bits_beside_neighbours(levels.reshape(self._shape))
            levels = choose_levels(self._distortion, symbols, symbols_per_bit * bits)
        rate = self._rate[levels].T
        folded = np.where(rate > 0, _fold(self._channels * rate), self._channels)
        numbers = (folded * self._gain[levels].T).T[_SENT[:, levels].T]  # patch by patch, channels in order
        pairs = numbers.reshape(-1, 2).astype(np.float64)
        power = float(np.mean(np.sum(pairs**2, axis=1))) if len(pairs) else 1.0
        scale = round(_SCALE_STEPS * math.log2(max(power, 1e-12)) / 2) + _SCALE_ZERO
        head = _HEAD.pack(self._width, self._height, self._snr, scale)
        sent = (pairs[:, 0] + 1j * pairs[:, 1]) / _scale(scale)
        return Coded(sent.astype(np.complex64), head + pack_map(levels.reshape(self._shape)))


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What the side information says.

    Attributes:
        width, height: of the picture, pixels.
        planned: the SNR that was planned for, quarters of a dB.
        scale: by which the symbols were divided.
        levels: uint8 [rows, columns] of patches.
    """

    width: int
    height: int
    planned: int
    scale: float
    levels: NDArray[np.uint8]

    @classmethod
    def of(cls, side: bytes) -> Side:
        """From `Coded.side`.

        Raises:
            MalformedUnits: bytes that no encoder makes.
        """
        width, height = size_of(side)
        _, _, planned, scale = _HEAD.unpack_from(side)
        if planned > _SNR_STEPS * SNR_RANGE_DB[1]:
            raise MalformedUnits(f"jscc: side information that plans for {planned / _SNR_STEPS:g} dB")
        rows, columns = -(-height // PATCH), -(-width // PATCH)
        return cls(width, height, planned, _scale(scale), unpack_map(side[_HEAD.size :], rows, columns))

    @property
    def symbols(self) -> int:
        """How many symbols belong to it."""
        return int(np.array(LEVELS)[self.levels].sum())


def size_of(side: bytes) -> tuple[int, int]:
    """Width and height of the picture of `Coded.side`, pixels, without a look at its rate map.

    Raises:
        MalformedUnits: bytes that no encoder makes.
    """
    if len(side) < _HEAD.size:
        raise MalformedUnits(f"jscc: {len(side)} bytes of side information are too few")
    width, height, _, _ = _HEAD.unpack_from(side)
    if not width or not height or width * height > MAX_PIXELS:
        raise MalformedUnits(f"jscc: side information of {width}x{height} pixels, at most {MAX_PIXELS}")
    return width, height


def decode(
    networks: Networks, side: Side, symbols: NDArray[np.complex64], no: NDArray[np.float64]
) -> Picture:
    """The picture, uint8 RGB [height, width, 3].

    Args:
        networks: those of the encoder.
        side: as it was sent.
        symbols: complex64 [side.symbols], equalised.
        no: float64, as ``symbols``: noise variance of each, complex, above 0.

    Raises:
        InvalidInput: another number of symbols.
    """
    if len(symbols) != side.symbols or len(no) != len(symbols):
        raise InvalidInput(
            f"jscc: the side information asks for {side.symbols} symbols, {len(symbols)} are there with "
            f"{len(no)} noise variances"
        )
    levels = side.levels.ravel()
    there = _SENT[:, levels].T
    received, log_no = np.zeros((2, len(levels), CHANNELS), np.float32)
    received[there] = (side.scale * symbols).view(np.float32)
    # half the noise of a symbol in each of its two numbers
    each = np.log(np.maximum(no, 1e-12) / 2 * side.scale**2)
    log_no[...] = each.mean() if len(each) else 0.0
    log_no[there] = np.repeat(each, 2)
    onehot = (np.arange(len(LEVELS))[:, None] == levels[None]).astype(np.float32)
    shape = side.levels.shape
    arrays = [np.ascontiguousarray(one).reshape(1, -1, *shape) for one in (received.T, onehot, log_no.T)]
    made = networks.synthesise(arrays[0], arrays[1], arrays[2], _planned(side.planned))
    shown = np.rint(made[0, :, : side.height, : side.width].transpose(1, 2, 0) * np.float32(255))
    return np.ascontiguousarray(np.clip(shown, 0, 255), np.uint8)


def _bits_beside_neighbours(levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """[patches, len(LEVELS)]: bits that each choice costs about, if all others stay."""
    bits = np.zeros((*levels.shape, len(LEVELS)))
    distance = np.abs(np.arange(len(LEVELS))[None] - np.arange(len(LEVELS))[:, None])
    by_neighbour = _DISTANCE_BITS[distance]
    bits[1:] += by_neighbour[levels[:-1]]
    bits[:-1] += by_neighbour[levels[1:]]
    bits[:, 1:] += by_neighbour[levels[:, :-1]]
    bits[:, :-1] += by_neighbour[levels[:, 1:]]
    return bits.reshape(-1, len(LEVELS))


def _fold(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The triangle wave of period 4 that is ``x`` in -1..1."""
    return np.asarray(1 - np.abs(np.mod(x + 1, 4) - 2), np.float32)


def _scale(code: int) -> float:
    return float(2 ** ((code - _SCALE_ZERO) / _SCALE_STEPS))


def _planned(quarters: int) -> NDArray[np.float32]:
    return np.array([[(quarters / _SNR_STEPS - 10) / 10]], np.float32)


def _padded(picture: Picture) -> Picture:
    """Its borders go on to the right and below up to multiples of `PATCH`."""
    height, width = picture.shape[:2]
    return np.asarray(
        cv2.copyMakeBorder(picture, 0, -height % PATCH, 0, -width % PATCH, cv2.BORDER_REPLICATE), np.uint8
    )


def _require_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > 0xFFFF:
        raise InvalidInput(
            f"jscc: a picture of {width}x{height} pixels is too large, at most {MAX_PIXELS}; scale it down"
        )
