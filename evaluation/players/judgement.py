"""What a browser showed of a video, beside what the source was."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.players.making import Truth
from semvid.images.types import Picture
from semvid.sound.pcm import SAMPLE_RATE

CELLS: Final = 4  # a side; so does the page
STEP_S: Final = 0.005  # of the sound's envelope; so does the page
DURATION_S: Final = 0.05
COLOUR: Final = 4.0  # of 255: mean over the cells, source against what is drawn
DRAWN: Final = 4.0  # of 255: largest over the cells, our decoder against the browser's
LAG_S: Final = 0.02
LIKE: Final = 0.7  # correlation of envelopes
SILENT: Final = 1e-3  # of full scale: what a lossy code makes of nothing lies below

Cells = NDArray[np.float64]  # [moments, CELLS * CELLS, 3], 0..255


def cell_means(picture: Picture) -> NDArray[np.float64]:
    """float64 [CELLS * CELLS, 3]: mean colour of each part of uint8 RGB [height, width, 3], by rows."""
    height, width = picture.shape[:2]
    rows = np.arange(height) * CELLS // height
    columns = np.arange(width) * CELLS // width
    return np.array(
        [
            picture[rows == row][:, columns == column].mean(axis=(0, 1))
            for row in range(CELLS)
            for column in range(CELLS)
        ]
    )


def moments(truth: Truth) -> list[tuple[int, float]]:
    """Three frames of the source and the middle of the time that each is shown, seconds."""
    ends = [*truth.times_s[1:], truth.duration_s]
    frames = [round(share * (len(ends) - 1)) for share in (0.1, 0.5, 0.9)]
    return [(frame, (truth.times_s[frame] + ends[frame]) / 2) for frame in frames]


def envelope(sound: NDArray[np.int16]) -> NDArray[np.float64]:
    """float64 [steps]: root mean square of every STEP_S, 1.0 is full scale."""
    step = round(STEP_S * SAMPLE_RATE)
    whole = sound[: len(sound) // step * step].reshape(-1, step) / 32768
    return np.asarray(np.sqrt((whole**2).mean(axis=1)))


def likeness(source: NDArray[np.float64], heard: NDArray[np.float64]) -> tuple[float, float]:
    """Correlation of two envelopes where they fit best, and by how many seconds the second is later.

    Silence is like silence, though nothing varies that could correlate.
    """
    if max(source.max(initial=0.0), heard.max(initial=0.0)) < SILENT:
        return 1.0, 0.0
    length = min(len(source), len(heard))
    best = (-1.0, 0.0)
    for lag in range(-40, 41):
        first = source[max(0, -lag) : length - max(0, lag)]
        second = heard[max(0, lag) : length - max(0, -lag)]
        if len(first) > 1 and first.std() > 0 and second.std() > 0:
            best = max(best, (float(np.corrcoef(first, second)[0, 1]), lag * STEP_S))
    return best


def judged(truth: Truth, found: dict[str, Any], source: Cells, ours: Cells) -> dict[str, Any]:
    """A row: what was measured, and ``wrong``, which names what is not the source's.

    Args:
        truth: of the source.
        found: by the page.
        source: colours of the source at the moments.
        ours: colours of the video at the moments, by our decoder.
    """
    if "error" in found:
        return {"error": found["error"], "wrong": ["plays"]}
    drawn = np.array(found["drawn"])
    row: dict[str, Any] = {
        "duration_s": round(found["duration"], 3),
        "shape": [found["width"], found["height"]],
        "ended_at_s": round(found["ended_at"], 3),
        "colour_mean": round(float(np.abs((drawn - source).mean(axis=(0, 1))).max()), 2),
        "colour_median_cell": round(float(np.median(np.abs(drawn - source).max(axis=2))), 2),
        "colour_worst_cell": round(float(np.abs(drawn - source).max()), 2),
        "drawn_otherwise": round(float(np.abs(drawn - ours).max()), 2),
        "sound": found["hears"],
        "sound_alike": None,
        "sound_late_s": None,
    }
    wrong = []
    if abs(row["duration_s"] - truth.duration_s) > DURATION_S:
        wrong.append("duration")
    if abs(row["ended_at_s"] - truth.duration_s) > DURATION_S:
        wrong.append("end")
    if row["shape"] != list(truth.shape):
        wrong.append("shape")
    if row["colour_mean"] > COLOUR or row["drawn_otherwise"] > DRAWN:
        wrong.append("colours")
    if truth.sound is None:
        if row["sound"]:
            wrong.append("sound where there is none")
    elif not row["sound"] or "sound" not in found:
        wrong.append("no sound")
    else:
        alike, late = likeness(envelope(truth.sound), np.array(found["sound"]["levels"]))
        row |= {"sound_alike": round(alike, 3), "sound_late_s": round(late, 3)}
        if alike < LIKE or abs(late) > LAG_S:
            wrong.append("sound")
    return row | {"wrong": wrong}
