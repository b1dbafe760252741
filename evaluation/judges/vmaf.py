"""VMAF through an ffmpeg that was built with libvmaf."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent, SemvidError
from semvid.images.types import Picture


def find_ffmpeg(program: str = "ffmpeg") -> str:
    """Path of an ffmpeg that has the filter libvmaf.

    Raises:
        MissingComponent: no such program, or one without the filter.
    """
    path = shutil.which(program)
    if path is None:
        raise MissingComponent(f"VMAF needs {program} with libvmaf: there is no {program} on the PATH")
    listed = subprocess.run(
        [path, "-hide_banner", "-filters"], capture_output=True, text=True, check=False, timeout=60
    )
    if " libvmaf " not in listed.stdout:
        raise MissingComponent(
            f"VMAF needs ffmpeg with libvmaf, which {path} lacks; install a build with --enable-libvmaf"
        )
    return path


class Vmaf:
    """Meter (`evaluation.judges.metric.Meter`) of VMAF, 0..100, higher is better.

    Both videos go to temporary files as raw RGB, so memory does not grow; ffmpeg reads them in `values`.
    """

    def __init__(self, ffmpeg: str) -> None:
        self._ffmpeg = ffmpeg
        self._folder = tempfile.TemporaryDirectory(prefix="semvid-vmaf-")
        root = Path(self._folder.name)
        self._paths = root / "reference.rgb", root / "shown.rgb"
        self._files = [path.open("wb") for path in self._paths]
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def push(self, reference: Picture, shown: Picture) -> None:
        """See `evaluation.judges.metric.Meter.push`.

        Raises:
            InvalidInput: pictures of different sizes.
        """
        self._shape = self._shape or reference.shape
        if not reference.shape == shown.shape == self._shape:
            raise InvalidInput(f"VMAF compares pictures of one size, got {reference.shape} and {shown.shape}")
        for file, picture in zip(self._files, (reference, shown), strict=True):
            file.write(picture.tobytes())
        self._count += 1

    def values(self) -> NDArray[np.float64]:
        """VMAF of every frame, [frames].

        Raises:
            SemvidError: ffmpeg failed; carries the end of what it said.
        """
        for file in self._files:
            file.close()
        log = Path(self._folder.name) / "vmaf.json"
        command = vmaf_command(self._ffmpeg, self._paths, self._shape, log)
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise SemvidError(f"VMAF: ffmpeg ended with status {ran.returncode}: {ran.stderr[-500:]}")
        values = vmaf_values(json.loads(log.read_text(encoding="utf-8")))
        self._folder.cleanup()
        if len(values) != self._count:
            raise SemvidError(f"VMAF: ffmpeg gave {len(values)} values for {self._count} frames")
        return values


def vmaf_command(ffmpeg: str, paths: Sequence[Path], shape: tuple[int, ...], log: Path) -> list[str]:
    """The call of ffmpeg: its filter takes what is shown first and the reference second."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{shape[1]}x{shape[0]}", "-r", "25"]
    reference, shown = paths
    planes = "[0:v]format=yuv420p[shown];[1:v]format=yuv420p[reference];"
    compare = f"[shown][reference]libvmaf=log_fmt=json:log_path={log}:n_threads=1"
    return [
        ffmpeg, "-hide_banner", "-loglevel", "error", *raw, "-i", str(shown), *raw, "-i", str(reference),
        "-lavfi", planes + compare, "-f", "null", "-",
    ]  # fmt: skip


def vmaf_values(log: dict[str, list[dict[str, dict[str, float]]]]) -> NDArray[np.float64]:
    """VMAF by frame from the JSON log of the filter."""
    return np.array([frame["metrics"]["vmaf"] for frame in log["frames"]])
