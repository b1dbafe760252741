from __future__ import annotations

import numpy as np
import pytest

from evaluation.players.judgement import LIKE, STEP_S, cell_means, envelope, judged, likeness, moments
from evaluation.players.making import Truth
from semvid.sound.pcm import SAMPLE_RATE


def bursts(seconds: float, late_s: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    levels = np.repeat(rng.uniform(0, 9000, round(seconds * 20)), SAMPLE_RATE // 20)
    tone = levels * np.sin(2 * np.pi * 600 * np.arange(len(levels)) / SAMPLE_RATE)
    return np.r_[np.zeros(round(late_s * SAMPLE_RATE)), tone].astype(np.int16)


@pytest.fixture
def truth() -> Truth:
    rng = np.random.default_rng(2)
    pictures = [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(50)]
    return Truth(pictures, [n / 25 for n in range(50)], 2.0, (64, 48), bursts(2))


def seen(truth: Truth) -> np.ndarray:
    return np.array([cell_means(truth.pictures[frame]) for frame, _ in moments(truth)])


def found(truth: Truth, **other: object) -> dict[str, object]:
    return {
        "duration": 2.0,
        "width": 64,
        "height": 48,
        "ended_at": 2.0,
        "hears": True,
        "drawn": seen(truth).tolist(),
        "sound": {"levels": envelope(bursts(2)).tolist()},
    } | other


def test_the_source_itself_is_right(truth: Truth) -> None:
    row = judged(truth, found(truth), seen(truth), seen(truth))
    assert row["wrong"] == []
    assert (row["colour_worst_cell"], row["sound_alike"], row["sound_late_s"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ({"duration": 2.1}, ["duration"]),
        ({"ended_at": 1.9}, ["end"]),
        ({"width": 48, "height": 64}, ["shape"]),
        ({"hears": False}, ["no sound"]),
        ({"sound": {"levels": envelope(bursts(2, 0.05)).tolist()}}, ["sound"]),
        ({"sound": {"levels": [0.1] * 400}}, ["sound"]),
        ({"error": "media error 4"}, ["plays"]),
    ],
)
def test_what_is_not_the_sources_is_named(truth: Truth, other: dict[str, object], wrong: list[str]) -> None:
    assert judged(truth, found(truth, **other), seen(truth), seen(truth))["wrong"] == wrong


def test_colours_are_those_of_the_source_and_of_our_decoder(truth: Truth) -> None:
    lighter = (seen(truth) + 6).tolist()
    assert judged(truth, found(truth, drawn=lighter), seen(truth), seen(truth) + 6)["wrong"] == ["colours"]
    assert judged(truth, found(truth), seen(truth), seen(truth) + 6)["wrong"] == ["colours"]


def test_sound_where_there_is_none_is_wrong(truth: Truth) -> None:
    silent = Truth(truth.pictures, truth.times_s, truth.duration_s, truth.shape, None)
    row = judged(silent, found(truth), seen(truth), seen(truth))
    assert row["wrong"] == ["sound where there is none"]


@pytest.mark.parametrize("steps", [-8, -1, 0, 5])
def test_lag_is_found(steps: int) -> None:
    source = envelope(bursts(2))
    assert likeness(source, np.roll(source, steps)) == pytest.approx((1, steps * STEP_S), abs=0.03)


def test_moments_lie_in_the_middle_of_frames() -> None:
    pauses = Truth([], [0.0, 0.1, 1.5], 2.0, (1, 1), None)
    assert moments(pauses) == [(0, 0.05), (1, 0.8), (2, 1.75)]


def test_cells_are_the_colours_of_parts_by_rows() -> None:
    picture = np.zeros((8, 12, 3), np.uint8)
    picture[:2, 3:6] = 200
    means = cell_means(picture)
    assert means[1].tolist() == [200] * 3
    assert means.sum() == 600


def test_silence_is_like_silence_and_nothing_else() -> None:
    silence, noise = np.zeros(200), np.random.default_rng(0).uniform(0.1, 0.2, 200)
    assert likeness(silence, silence + 1e-4) == (1.0, 0.0)
    assert likeness(silence, noise)[0] < LIKE
