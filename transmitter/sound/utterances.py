"""Where sound is cut into what is transcribed in one go: at its quietest moments.

No model decides: a window ends where 0.2 s are quietest, four to ten seconds after it began, and what is
quiet at both of its ends is not part of the utterance. Windows in which nothing is loud are left out: models
make words up for silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence

SHORTEST_S, LONGEST_S = 4.0, 10.0
"""Of a window."""

_STEP: Final = SAMPLE_RATE // 50  # samples over which power is measured
_PAUSE_STEPS: Final = 10
_QUIET_DBFS: Final = -50.0  # nobody speaks below
_BELOW_LOUDEST_DB: Final = 35.0  # nor so far below the loudest of a window
_APART: Final = SAMPLE_RATE  # samples from one beginning to the next at least: one begins in a second at most


@dataclass(frozen=True, slots=True)
class Utterance:
    """Sound to be transcribed in one go.

    Attributes:
        start: samples from the beginning of the sound.
        pcm: int16 [samples, 1].
    """

    start: int
    pcm: Pcm


def utterances(pcm: Iterable[Pcm]) -> Iterator[tuple[int, Utterance | None]]:
    """Cuts mono sound, of which it holds `LONGEST_S` and one piece at most.

    Yields:
        Of each window in turn, where it stops (samples from the beginning) and what is said in it; no two
        utterances begin within a second.
    """
    held, first = silence(0, 1), 0
    longest = round(LONGEST_S * SAMPLE_RATE)
    for piece in pcm:
        held = np.concatenate([held, piece])
        while len(held) >= longest:
            size = _quietest(held[:longest])
            yield first + size, _heard(held[:size], first)
            held, first = held[size:], first + size
    if len(held):
        yield first + len(held), _heard(held, first)


def _quietest(pcm: Pcm) -> int:
    """Samples up to the middle of the quietest pause, not before `SHORTEST_S`."""
    earliest = round(SHORTEST_S * SAMPLE_RATE) // _STEP
    powers = np.convolve(_powers(pcm)[earliest:], np.full(_PAUSE_STEPS, 1 / _PAUSE_STEPS), "valid")
    return (earliest + int(np.argmin(powers)) + _PAUSE_STEPS // 2) * _STEP


def _heard(pcm: Pcm, first: int) -> Utterance | None:
    powers = _powers(pcm)
    if not len(powers):
        return None
    levels = 10 * np.log10(powers + 1e-12)
    loud = np.flatnonzero(levels > max(_QUIET_DBFS, levels.max() - _BELOW_LOUDEST_DB))
    if not len(loud):
        return None
    start = min(int(loud[0]) * _STEP, max(0, len(pcm) - _APART))
    return Utterance(first + start, pcm[start : (int(loud[-1]) + 1) * _STEP])


def _powers(pcm: Pcm) -> NDArray[np.float64]:
    """Mean power of each whole step, full scale 1."""
    whole = len(pcm) // _STEP * _STEP
    steps = pcm[:whole, 0].astype(np.float64).reshape(-1, _STEP) / 32_768
    return np.asarray(np.mean(steps**2, axis=1))
