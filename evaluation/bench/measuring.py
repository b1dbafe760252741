"""One cell, measured: a method takes a clip across, the judges look at what is shown."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from evaluation.bench.panel import Panel, judged_indices, take, verified
from evaluation.clips import Clip
from evaluation.judge import Frames
from evaluation.method import Conditions, Method
from semvid.images.types import Picture

_STILL_WIDTH: Final = 384  # pixels
_STILL_QUALITY: Final = 82


def measure(
    method: Method,
    clip: Clip,
    conditions: Conditions,
    target_cbr: float | None,
    panel: Panel,
    judged_every: int,
    folder: Path,
) -> tuple[dict[str, Any], Frames | None]:
    """Runs ``method`` on ``clip``.

    Args:
        panel: has looked at the clip.
        judged_every: frames.
        folder: an empty one, for what is too large for memory.

    Returns:
        What goes into the record (``failed`` says why where nothing is shown), and the judged frames.

    Raises:
        Misaligned: other frames are shown than the clip has.
    """
    indices = judged_indices(len(clip.pictures), judged_every)
    clip = replace(clip, judged=frozenset(indices))
    started = time.process_time()
    outcome = method.run(clip, conditions, target_cbr, folder)
    cpu_seconds = time.process_time() - started
    facts: dict[str, Any] = {
        "cbr": clip.cbr(outcome.crossed),
        "symbols": {str(name): count for name, count in outcome.symbols.items()},
        "crossed": outcome.crossed,
        "settings": outcome.settings,
        "frames": len(clip.pictures),
        "size": f"{clip.source.width}x{clip.source.height}",
        "method_cpu_seconds": round(cpu_seconds, 2),
    }
    wrong = verified(outcome.symbols, outcome.crossed)
    if wrong or outcome.failed:
        return facts | {"failed": wrong or outcome.failed}, None
    shown = take(outcome.pictures(), clip.pictures, indices)
    metrics, absent = panel.compare(shown)
    metrics |= {"cpu_per_second": cpu_seconds / clip.source.duration_s}
    if outcome.keyframes:
        metrics["keyframes"] = len(outcome.keyframes)
    return facts | {"metrics": metrics, "absent": absent, "judged_frames": len(indices)}, shown


def still(picture: Picture) -> bytes:
    """JPEG of an RGB picture [height, width, 3], reduced to a width of 384."""
    height, width = picture.shape[:2]
    if width > _STILL_WIDTH:
        size = (_STILL_WIDTH, max(1, round(height * _STILL_WIDTH / width)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    ok, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _STILL_QUALITY]
    )
    if not ok:
        raise RuntimeError(f"OpenCV cannot code a JPEG of {picture.shape}")
    return bytes(data)
