"""For all tests: how property tests run, and what comes from outside the repository.

Real clips and small networks are not ours to publish; "What the tests need from outside" in CONTRIBUTING.md
says how to have others. A test that needs them takes one of the fixtures below and nothing else.
"""

from __future__ import annotations

import os

# One thread for torch, in every test and every service that one starts: two processes that share two cores
# spend most of their time waiting for each other's threads. Read when torch is loaded, so it stands first.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from semvid.errors import LinkFailed, MissingComponent
from semvid.faces.weights import get_models, kept_models, load_models

# They may be slow on a busy machine, and take the same examples every time.
settings.register_profile("semvid", deadline=None, derandomize=True)
settings.load_profile("semvid")

# No test leaves this machine; a proxy that the environment names would only stand in the way of what a test
# does without our clients. Those that are about proxies set their own.
for _name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[_name]

_BESIDE = Path(__file__).parents[2] / "shared"
_HOW = 'CONTRIBUTING.md, "What the tests need from outside"'


def not_run(what: str, remedy: str) -> NoReturn:
    """Ends a test for want of ``what``: reported as not run, and as failed where CI is to have everything."""
    reason = f"not run for want of {what}: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _outside(variable: str, beside: str, index: str, what: str) -> Path:
    """The folder that ``variable`` names, or the one beside the checkout."""
    told = os.environ.get(variable)
    if told == "none":
        pytest.skip(f"not run because {variable}=none: needs {what}; {_HOW}")
    folder = Path(told) if told else _BESIDE / beside
    if not (folder / index).is_file():
        not_run(f"{what} in {folder}", f"set {variable}; {_HOW}")
    return folder


@pytest.fixture(scope="session")
def media() -> Path:
    """Folder of real clips with their ``index.json``: $SEMVID_MEDIA, or ../shared/media."""
    return _outside("SEMVID_MEDIA", "media", "index.json", "real clips")


@pytest.fixture(scope="session")
def judges() -> Path:
    """Folder of small networks: $SEMVID_JUDGES, or ../shared/models."""
    return _outside("SEMVID_JUDGES", "models", "lpips_squeeze.onnx", "small networks")


@pytest.fixture(scope="session")
def real_clip(media: Path) -> Callable[[str], dict[str, Any]]:
    """``real_clip(name)``: the clip's entry in the index, with its ``path``."""
    index = json.loads((media / "index.json").read_text(encoding="utf-8"))
    entries = {entry["name"]: {**entry, "path": media / entry["file"]} for entry in index}

    def entry(name: str) -> dict[str, Any]:
        if name not in entries:
            not_run(f"the clip {name} in {media / 'index.json'}", _HOW)
        return entries[name]

    return entry


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``clip_name`` runs once for every real clip that is there."""
    if "clip_name" not in metafunc.fixturenames:
        return
    told = os.environ.get("SEMVID_MEDIA")
    index = (Path(told) if told else _BESIDE / "media") / "index.json"
    names = [entry["name"] for entry in json.loads(index.read_text())] if index.is_file() else ["any"]
    metafunc.parametrize("clip_name", names)


@pytest.fixture(scope="session")
def face_models() -> Path:
    """MediaPipe's face models in the user's cache, fetched from the Python index where they are not there."""
    try:
        load_models()
    except MissingComponent:
        try:
            get_models()
        except LinkFailed as error:
            not_run("MediaPipe's face models", str(error))
    return kept_models()
