"""VMAF through an ffmpeg that was built with libvmaf."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluation.judge import Absent, Facts, Frames
from semvid.errors import MissingComponent, SemvidError


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
    """Mean VMAF, 0..100, higher is better; see `Judge`. Both videos go to temporary files as raw RGB."""

    measures = ("vmaf",)

    def __init__(self, ffmpeg: str) -> None:
        self._ffmpeg = ffmpeg

    def look(self, _source: Frames) -> None:
        """Nothing needs to be kept."""

    def compare(self, _seen: None, source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """The mean over all frames.

        Raises:
            Absent: not every frame is judged.
            SemvidError: ffmpeg failed; carries the end of what it said.
        """
        if np.any(np.diff(source.indices) != 1):
            raise Absent("VMAF must see every frame; set judged_every = 1")
        with tempfile.TemporaryDirectory(prefix="semvid-vmaf-") as folder:
            paths = Path(folder) / "reference.rgb", Path(folder) / "shown.rgb"
            for path, frames in zip(paths, (source, shown), strict=True):
                with path.open("wb") as file:
                    file.writelines(picture.tobytes() for picture in frames.pictures)
            log = Path(folder) / "vmaf.json"
            command = vmaf_command(self._ffmpeg, paths, source.pictures[0].shape, log)
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise SemvidError(f"VMAF: ffmpeg ended with status {ran.returncode}: {ran.stderr[-500:]}")
            values = vmaf_values(json.loads(log.read_text(encoding="utf-8")))
        if len(values) != len(source.pictures):
            raise SemvidError(f"VMAF: ffmpeg gave {len(values)} values for {len(source.pictures)} frames")
        return {"vmaf": float(np.mean(values))}


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


def vmaf_values(log: dict[str, list[dict[str, dict[str, float]]]]) -> list[float]:
    """VMAF by frame from the JSON log of the filter."""
    return [frame["metrics"]["vmaf"] for frame in log["frames"]]
