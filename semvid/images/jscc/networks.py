"""The two networks of the learned code, as ONNX models, loaded when they are needed first."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.onnx_model import MAX_BYTES

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
_DIGITS: Final = 16

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
        models = _models(folder)
        self.digest = _digest(models)
        self._encoder, self._decoder = (
            _session(model, folder / name, threads, inputs, outputs)
            for model, name, inputs, outputs in (
                (models[0], ENCODER, ENCODER_INPUTS, ENCODER_OUTPUTS),
                (models[1], DECODER, DECODER_INPUTS, DECODER_OUTPUTS),
            )
        )

    def analyse(self, picture: Array, planned: Array) -> tuple[Array, Array, Array, Array]:
        """See `ENCODER_INPUTS` and `ENCODER_OUTPUTS`."""
        channels, expected, gain, rate = self._encoder.run(
            list(ENCODER_OUTPUTS), dict(zip(ENCODER_INPUTS, (picture, planned), strict=True))
        )
        return channels, expected, gain, rate

    def synthesise(self, received: Array, levels: Array, log_no: Array, planned: Array) -> Array:
        """See `DECODER_INPUTS` and `DECODER_OUTPUTS`."""
        feeds = dict(zip(DECODER_INPUTS, (received, levels, log_no, planned), strict=True))
        (picture,) = self._decoder.run(list(DECODER_OUTPUTS), feeds)
        made: Array = picture
        return made


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
    return _digest(_models(SHIPPED))


def _models(folder: Path) -> list[bytes]:
    return [_read(folder / name) for name in (ENCODER, DECODER)]


def _digest(models: list[bytes]) -> str:
    return hashlib.sha256(b"".join(models)).hexdigest()[:_DIGITS]


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise MissingComponent(f"jscc network: there is no model {path}; make one with: {COMMAND}")
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"jscc network: {path} has more than {MAX_BYTES} bytes; is it a jscc network?")
    return path.read_bytes()


def _session(
    model: bytes, path: Path, threads: int, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingComponent(
            "jscc network: ONNX Runtime, which runs it, is not installed; pip install onnxruntime"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class for each of a dozen reasons
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput(
            f"jscc network: ONNX Runtime does not take {path}: {reason}; make one with: {COMMAND}"
        ) from error
    found = sorted(one.name for one in session.get_inputs()), [one.name for one in session.get_outputs()]
    if found != (sorted(inputs), list(outputs)):
        raise InvalidInput(
            f"jscc network: {path} turns {', '.join(found[0])} into {', '.join(found[1])}, which is no jscc "
            f"network ({', '.join(inputs)} into {', '.join(outputs)}); make one with: {COMMAND}"
        )
    return session
