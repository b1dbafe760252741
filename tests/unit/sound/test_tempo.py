"""Other sampling rates, other tempos."""

from __future__ import annotations

import numpy as np
import pytest

from semvid.sound.tempo import Samples, hastened, resampled


def tone(hertz: float, rate: int, seconds: float) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def pitch(samples: Samples, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * rate / len(samples)


@pytest.mark.parametrize(("source", "target"), [(48_000, 16_000), (22_050, 48_000), (16_000, 16_000)])
def test_another_rate_is_the_same_sound(source: int, target: int) -> None:
    out = resampled(tone(440, source, 2), source, target)
    assert len(out) == pytest.approx(2 * target, abs=64)
    assert pitch(out, target) == pytest.approx(440, abs=1)
    assert np.abs(out).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("tempo", [1.2, 1.8])
def test_faster_at_the_same_pitch(tempo: float) -> None:
    out = hastened(tone(440, 22_050, 3), 22_050, tempo)
    assert len(out) / 22_050 == pytest.approx(3 / tempo, abs=0.05)
    assert pitch(out, 22_050) == pytest.approx(440, abs=3)


def test_nothing_stays_nothing() -> None:
    assert len(resampled(np.zeros(0, np.float32), 16_000, 48_000)) == 0
    assert len(hastened(np.zeros(0, np.float32), 16_000, 1.5)) == 0
