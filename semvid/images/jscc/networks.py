"""The two networks of the learned code, as ONNX models, loaded when they are needed first."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.images.onnx_model import OnnxModel, digest_of, read_model

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
SHIPPED: Final = Path(__file__).parent
"""Where those are that come with semvid; `jscc.md` beside them says how they were made."""
COMMAND: Final = "semvid train jscc PICTURES --out DIR"
ENCODER_INPUTS: Final = ("picture", "planned")
"""Float32 [1, 3, h, w], RGB 0..1, sides multiples of 16; [1, 1], ``(snr_db - 10) / 10``."""
ENCODER_OUTPUTS: Final = ("channels", "expected", "gain", "rate")
"""Float32: numbers of every patch, [1, CHANNELS, h / 16, w / 16]; logarithm of the mean squared error of a
patch at each level, [1, len(LEVELS), h / 16, w / 16]; by what a level scales a channel that it sends,
[len(LEVELS), CHANNELS]; by what it is scaled before it is folded, 0 where it is not, likewise."""
DECODER_INPUTS: Final = ("received", "levels", "log_no", "planned")
"""Float32 [1, CHANNELS, h / 16, w / 16]; [1, len(LEVELS), h / 16, w / 16], 1 at the level; logarithm of the
noise variance of every number received; [1, 1]."""
DECODER_OUTPUTS: Final = ("picture",)
"""Float32 [1, 3, h, w], RGB about 0..1."""
_WHAT: Final = "jscc network"

Array = NDArray[np.float32]


class Networks:
    """Both networks of one folder; sessions may be used by several threads.

    Args:
        folder: with `ENCODER` and `DECODER`, as ``semvid train jscc`` writes them.
        threads: of the CPU, for each call.

    Attributes:
        digest: first hex digits of the SHA-256 of both files.

    Raises:
        MissingComponent: ONNX Runtime is not installed, or a file is not there.
        InvalidInput: a file is no such model.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self.digest = _digest(folder)
        self._encoder, self._decoder = (
            OnnxModel(folder / name, _WHAT, COMMAND, inputs, outputs, threads)
            for name, inputs, outputs in (
                (ENCODER, ENCODER_INPUTS, ENCODER_OUTPUTS),
                (DECODER, DECODER_INPUTS, DECODER_OUTPUTS),
            )
        )

    def analyse(self, picture: Array, planned: Array) -> tuple[Array, Array, Array, Array]:
        """See `ENCODER_INPUTS` and `ENCODER_OUTPUTS`."""
        feeds = dict(zip(ENCODER_INPUTS, (picture, planned), strict=True))
        channels, expected, gain, rate = self._encoder.run(feeds)
        return channels, expected, gain, rate

    def synthesise(self, received: Array, levels: Array, log_no: Array, planned: Array) -> Array:
        """See `DECODER_INPUTS` and `DECODER_OUTPUTS`."""
        feeds = dict(zip(DECODER_INPUTS, (received, levels, log_no, planned), strict=True))
        (picture,) = self._decoder.run(feeds)
        return picture


@lru_cache(maxsize=1)
def shipped() -> Networks:
    """Those that come with semvid, loaded once."""
    return Networks(SHIPPED)


@lru_cache(maxsize=1)
def shipped_digest() -> str:
    """`Networks.digest` of those that come with semvid, which are not loaded for it.

    Raises:
        MissingComponent: a file is not there.
    """
    return _digest(SHIPPED)


def _digest(folder: Path) -> str:
    return digest_of(*(read_model(folder / name, _WHAT, COMMAND) for name in (ENCODER, DECODER)))
