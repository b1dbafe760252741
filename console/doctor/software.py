"""What is installed: extras, video codecs, the model hub, Docker."""

import importlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

from console.doctor.finding import Finding, Verdict

HUB: Final = ("huggingface.co", 443)
_HUB_TIMEOUT_S: Final = 3.0
_DOCKER_TIMEOUT_S: Final = 10.0
_EXTRAS: Final = (  # name, what it is for, what it means to the default demo where it lacks
    ("report", "the report of the demo", Verdict.MISSING),
    ("models", "large models at both ends (hf:...)", Verdict.ABSENT),
    ("rife", "the decoder rife", Verdict.ABSENT),
    ("faces", "coding portrait, at the transmitter", Verdict.ABSENT),
    ("ray", "several GPUs or machines", Verdict.ABSENT),
    ("eval", "the laboratory", Verdict.ABSENT),
    ("eval-text", "its judge of captions", Verdict.ABSENT),
)
_CODECS: Final = (  # name, mode, what it is for, whether the default demo needs it
    ("libsvtav1", "w", "codes keyframes"),
    ("libdav1d", "r", "decodes keyframes"),
    ("libx264", "w", "writes the MP4"),
    ("h264", "r", "reads most videos"),
)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA: Final = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")


def base() -> Finding:
    """The packages that semvid itself needs."""
    return _packages("base", _required(None), Verdict.MISSING, "pip install semvid", "semvid")


def extras() -> list[Finding]:
    """The optional sets of packages."""
    return [
        _packages(f"extra {name}", _required(name), lacking, f'pip install "semvid[{name}]"', purpose)
        for name, purpose, lacking in _EXTRAS
    ]


def codecs() -> Finding:
    """What PyAV's FFmpeg can code and decode."""
    try:
        av = importlib.import_module("av")
    except ImportError as error:
        return Finding("codecs", Verdict.MISSING, f"PyAV cannot be imported: {error}", "pip install av")
    lacking = []
    for name, mode, purpose in _CODECS:
        try:
            av.Codec(name, mode)
        except (ValueError, av.FFmpegError):
            lacking.append(f"{name} ({purpose})")
    facts = {"lacking": lacking, "pyav": av.__version__}
    if lacking:
        return Finding(
            "codecs",
            Verdict.MISSING,
            f"this build of PyAV lacks {', '.join(lacking)}",
            'pip install --force-reinstall --only-binary av "av>=18.1,<19"',
            facts,
        )
    names = ", ".join(name for name, _, _ in _CODECS)
    return Finding("codecs", Verdict.OK, f"PyAV {av.__version__}: {names}", facts=facts)


def hub() -> Finding:
    """Whether models can be fetched, and where they are kept."""
    cache = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    kept = sorted(path.name for path in (cache / "hub").glob("models--*"))
    facts = {"cache": str(cache), "models": kept, "reachable": False}
    there = f"{len(kept)} models in {cache}"
    absent = partial(Finding, "model hub", Verdict.ABSENT, facts=facts)
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return absent(
            f"switched off (HF_HUB_OFFLINE); {there}",
            "unset HF_HUB_OFFLINE to fetch models, or give hf: the path of a folder",
        )
    try:
        with socket.create_connection(HUB, _HUB_TIMEOUT_S):
            facts["reachable"] = True
    except OSError as error:
        return absent(
            f"{HUB[0]} cannot be reached ({error.strerror or error}); {there}",
            "give hf: the path of a folder that was fetched elsewhere with `hf download`",
        )
    return Finding("model hub", Verdict.OK, f"{HUB[0]} can be reached; {there}", facts=facts)


def docker() -> Finding:
    """Docker, compose, and containers with GPUs."""
    absent = partial(Finding, "docker", Verdict.ABSENT)
    if shutil.which("docker") is None:
        return absent(
            "not installed; only `docker compose up` needs it",
            "see https://docs.docker.com/engine/install",
        )
    engine = _output("docker", "info", "--format", "{{.ServerVersion}} {{json .Runtimes}}")
    if engine is None:
        return absent("the client is there, but no engine answers", "start it: sudo systemctl start docker")
    compose = _output("docker", "compose", "version", "--short") or _output(
        "docker-compose", "version", "--short"
    )
    version, _, runtimes = engine.partition(" ")
    nvidia = '"nvidia"' in runtimes
    facts = {"engine": version, "compose": compose, "nvidia": nvidia}
    gpus = "with" if nvidia else "without"
    if compose is None:
        remedy = "install the package docker-compose-plugin or docker-compose"
        return absent(f"engine {version}, no compose", remedy, facts)
    return Finding(
        "docker",
        Verdict.OK,
        f"engine {version}, compose {compose}, {gpus} the NVIDIA runtime",
        "" if nvidia else "for GPUs in containers, install nvidia-container-toolkit",
        facts,
    )


def _required(extra: str | None) -> list[str]:
    """Names of the distributions that semvid, or one of its extras, asks for."""
    names = []
    for requirement in metadata.requires("semvid") or []:
        condition = _EXTRA.search(requirement)
        name = _NAME.match(requirement)
        if name and (condition[1] if condition else None) == extra:
            names.append(name[0])
    return names


def _packages(topic: str, names: Sequence[str], lacking: Verdict, remedy: str, purpose: str) -> Finding:
    versions: dict[str, str | None] = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    absent = [name for name, version in versions.items() if version is None]
    facts = {"versions": versions}
    if absent:
        return Finding(topic, lacking, f"{purpose}: without {', '.join(absent)}", remedy, facts)
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding(topic, Verdict.OK, f"{purpose}: {listed}", facts=facts)


def _output(*command: str) -> str | None:
    """What a command prints; None if it cannot be run, fails or says nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOCKER_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.strip()
    return text if done.returncode == 0 and text else None
