"""MediaPipe's models: what is fetched is checked, and what is missing is named."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from semvid.errors import InvalidInput, MissingComponent
from semvid.faces import weights
from semvid.faces.network import Network
from semvid.faces.weights import COMMAND, get_models, kept_models, load_models

FILES = {"face_detection_short_range.tflite": b"one", "face_landmark.tflite": b"two"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def wheel(folder: Path, files: dict[str, bytes]) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"mediapipe/modules/{name}", data)
        archive.writestr("mediapipe-0.10.21.dist-info/LICENSE", "Apache License")
    path = folder / "mediapipe.whl"
    path.write_bytes(content.getvalue())
    return path


def test_what_is_in_the_wheel_is_kept_with_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    monkeypatch.setattr(weights, "_SHA256", sums)
    assert get_models(wheel(tmp_path, FILES)) == kept_models()
    assert load_models() == tuple(FILES.values())
    assert (kept_models() / "LICENSE").read_text() == "Apache License"
    (kept_models() / "face_landmark.tflite").write_bytes(b"other")
    with pytest.raises(InvalidInput, match=r"face_landmark\.tflite .* has SHA-256"):
        load_models()


def test_other_models_are_refused_and_nothing_is_kept(tmp_path: Path, cache: Path) -> None:
    for files in (FILES, {}):
        with pytest.raises(InvalidInput, match="has SHA-256"):
            get_models(wheel(tmp_path, files))
    assert not cache.exists()


def test_without_models_the_command_that_fetches_them_is_named() -> None:
    with pytest.raises(MissingComponent, match=COMMAND):
        load_models()


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot be run"):
        Network(b"no network at all" * 10)
