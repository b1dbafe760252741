"""Finds the threshold that meets a CBR on given clips, and keeps it in a small file (paper, SKEM).

The clips are sent through a running transmitter again and again; what is compared with the target is the CBR
that its ledger reports, every symbol included. Nothing here knows how keyframes are chosen.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from semvid import __version__
from semvid.client import TransmitterClient
from semvid.errors import InvalidInput

LOWEST, HIGHEST = -0.9, 0.95  # thresholds tried, relative rule
MOST_TRIALS: Final = 9
CLOSE: Final = 0.03  # relative distance to the target at which the search ends
_FORMAT: Final = 1
_OPTIONS: Final = (
    "mllm", "scoring", "search", "focus", "rule", "threshold", "candidate_spacing_s", "quality", "coding",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """What one threshold cost: the mean CBR over the clips."""

    threshold: float
    cbr: float


def find_threshold(measure: Callable[[float], float], target_cbr: float) -> list[Trial]:
    """Bisects for the threshold whose CBR is nearest to the target; a higher one gives fewer keyframes.

    Args:
        measure: the CBR at a threshold.
        target_cbr: channel uses per source sample.

    Returns:
        All trials, the best one first.

    Raises:
        InvalidInput: the target lies outside what these thresholds reach.
    """
    lowest, highest = LOWEST, HIGHEST
    trials = [Trial(t, measure(t)) for t in (lowest, highest)]
    most, least = trials[0].cbr, trials[1].cbr
    if not least * (1 - CLOSE) <= target_cbr <= most * (1 + CLOSE):
        raise InvalidInput(
            f"calibrate: thresholds {lowest:g} and {highest:g} give CBRs of {most:.3g} and {least:.3g} on "
            f"these clips, and the target is {target_cbr:.3g}; change the target or --quality. Where the two "
            "are near each other, most keyframes serve the receiver's decoder and not the meaning: use "
            "--target-cbr of `semvid send`, which plans quality and keyframes together"
        )

    def miss(trial: Trial) -> float:
        return abs(math.log(trial.cbr / target_cbr))

    while len(trials) < MOST_TRIALS and miss(min(trials, key=miss)) > CLOSE:
        middle = round((lowest + highest) / 2, 4)
        trials.append(Trial(middle, measure(middle)))
        if trials[-1].cbr > target_cbr:
            lowest = middle
        else:
            highest = middle
    return sorted(trials, key=miss)


def check(clips: Sequence[Path], target_cbr: float) -> None:
    """Refuses what cannot be calibrated, before anything is started.

    Raises:
        InvalidInput: no clip, a clip that is no file, or a target that is no CBR.
    """
    if not clips:
        raise InvalidInput("calibrate: give at least one clip")
    for clip in clips:
        if not clip.is_file():
            raise InvalidInput(f"calibrate: there is no file {clip}; give paths of video files")
    if not 0.0 < target_cbr <= 1.0:
        raise InvalidInput(f"--target-cbr: must lie above 0 and at most at 1, got {target_cbr:g}")


def calibrate(
    clips: Sequence[Path],
    target_cbr: float,
    options: Mapping[str, Any],
    client: TransmitterClient,
    notice: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Calibrates the threshold of ``options`` on ``clips``; gives the calibration, JSON-ready.

    Args:
        clips: video files; use others than those that results are reported on.
        options: of the transmissions; ``threshold`` is what is looked for.
        client: of a running transmitter.
        notice: told of every trial.

    Raises:
        InvalidInput: no clip, the absolute rule, or a target out of reach.
        SemvidError: as the transmitter reports it.
    """
    check(clips, target_cbr)
    if options.get("rule") == "absolute":
        raise InvalidInput("calibrate: it bisects S_rel; leave out --rule absolute")
    last: dict[str, Any] = {}

    def measure(threshold: float) -> float:
        cbrs = []
        for clip in clips:
            job = client.submit(clip, {**options, "threshold": threshold})
            last.update(client.watch(job["id"]))
            cbrs.append(float(last["cbr"]))
        notice(f"threshold {threshold:g}: CBR {fmean(cbrs):.3g}")
        return fmean(cbrs)

    best, *others = find_threshold(measure, target_cbr)
    used = {**last["options"], "threshold": best.threshold}
    asked = last.get("asked") or {}
    return {
        "format": _FORMAT,
        "options": {name: used[name] for name in _OPTIONS if used.get(name) is not None},
        "calibration": {
            "target_cbr": target_cbr,
            "cbr": best.cbr,
            "trials": [[trial.threshold, trial.cbr] for trial in (best, *others)],
            "clips": [{"name": clip.name, "sha256": _sha256(clip)} for clip in clips],
            "asked": {name: asked.get(name) for name in ("mllm", "scoring", "search", "prompts")},
            "channel": last["options"].get("channel"),
            "seed": last["options"]["seed"],
            "semvid": __version__,
            "date": datetime.now(UTC).date().isoformat(),
        },
    }


def read_calibration(path: Path) -> dict[str, Any]:
    """The options in a calibration file.

    Raises:
        InvalidInput: no such file, or no calibration.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(
            f"calibration: {path} cannot be read: {error.strerror}; name another file"
        ) from error
    except ValueError as error:
        raise InvalidInput(f"calibration: {path} is no JSON; make one with `semvid calibrate`") from error
    options = content.get("options") if isinstance(content, dict) else None
    if not isinstance(options, dict) or content.get("format") != _FORMAT:
        raise InvalidInput(
            f"calibration: {path} is none of format {_FORMAT}; make one with `semvid calibrate`"
        )
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise InvalidInput(
            f"calibration: {path} has an unknown option {unknown[0]}; known are: {', '.join(_OPTIONS)}"
        )
    return options


def with_calibration(path: Path | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` over those of the file at ``path``; what contradicts an explicit option is left out."""
    if path is None:
        return dict(options)
    calibrated = read_calibration(path)
    if "target_cbr" in options:
        calibrated.pop("quality", None)
    mllm = calibrated.get("mllm")
    if options.get("mllm", mllm) != mllm:
        raise InvalidInput(
            f"calibration: {path} was made for {mllm}, not for {options['mllm']}; leave out --mllm, or "
            "calibrate anew"
        )
    return {**calibrated, **options}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
