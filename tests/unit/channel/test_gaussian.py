"""Draws against closed forms, and against themselves on every other machine."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from scipy import stats

from channel.gaussian import FADING, NOISE, _log, _turn, complex_normal

GOLDEN = "ab5c2b9059cfbe53990a0cd7fe7fe059e7393107b6162585b9f9e6334bbaeef8"


def _draws(seed, stream, first, count):
    real, imaginary = complex_normal(seed, stream, first, count)
    return real + 1j * imaginary


def test_draws_are_the_same_on_every_machine():
    """Remake with: python -c "from tests.unit.channel.test_gaussian import digest; print(digest())"."""
    assert digest() == GOLDEN


def digest():
    """SHA-256 over the doubles, little endian, of several streams."""
    sha = hashlib.sha256()
    for seed, stream, first in (
        (0, (NOISE, 0), 0),
        (2**64 - 1, (NOISE, 2**32), 3),
        (7, (FADING,), 2**40 + 1),
    ):
        for part in complex_normal(seed, stream, first, 50_000):
            sha.update(part.astype("<f8").tobytes())
    return sha.hexdigest()


def test_no_instruction_set_changes_a_bit():
    """NumPy's vector loops, whatever this processor offers, against plain Python arithmetic."""
    seed, stream = 11, (NOISE, 3)
    words = np.random.Philox(np.random.SeedSequence(seed, spawn_key=stream)).random_raw(4000).tolist()
    expected = [_plain_draw(u, v) for u, v in zip(words[::2], words[1::2], strict=True)]
    assert _draws(seed, stream, 0, 2000).tolist() == expected


def _plain_draw(word_u, word_v):
    """One draw, without NumPy and without the C library's functions but sqrt and frexp, which are exact."""
    u, v = (((word >> 12) + 0.5) / 2**52 for word in (word_u, word_v))
    mantissa, exponent = math.frexp(u)
    if mantissa < 0.7071067811865476:
        mantissa, exponent = 2 * mantissa, exponent - 1
    s = (mantissa - 1) / (mantissa + 1)
    logarithm = exponent * 0.6931471805599453 + s * _plain_series([2 / (2 * k + 1) for k in range(12)], s * s)
    angle = (v - 0.5) * 1.5707963267948966
    square = angle * angle
    cosine = _plain_series([(-1) ** k / math.factorial(2 * k) for k in range(10)], square)
    sine = angle * _plain_series([(-1) ** k / math.factorial(2 * k + 1) for k in range(10)], square)
    turned = [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)][word_v & 3]
    radius = math.sqrt(-logarithm)
    return complex(radius * turned[0], radius * turned[1])


def _plain_series(terms, x):
    total = terms[-1]
    for term in terms[-2::-1]:
        total = total * x
        total = total + term
    return total


def test_parts_are_independent_gaussians_of_variance_one_half():
    real, imaginary = complex_normal(1, (NOISE, 0), 0, 200_000)
    for part in (real, imaginary):
        assert stats.kstest(part, stats.norm(scale=np.sqrt(0.5)).cdf).pvalue > 1e-3
        assert stats.kurtosis(part) == pytest.approx(0, abs=0.06)  # five standard errors, sqrt(24 / n)
    assert np.corrcoef(real, imaginary)[0, 1] == pytest.approx(0, abs=0.012)
    assert np.corrcoef(real**2, imaginary**2)[0, 1] == pytest.approx(0, abs=0.012)


def test_magnitude_and_phase_have_their_closed_forms():
    drawn = _draws(2, (FADING,), 0, 200_000)
    assert stats.kstest(np.abs(drawn) ** 2, "expon").pvalue > 1e-3
    assert stats.kstest((np.angle(drawn) + np.pi) / (2 * np.pi), "uniform").pvalue > 1e-3
    assert np.abs(drawn).max() > 3.2, "the tail must be there: P(|g| > 3.2) is 3.6e-5"


def test_neighbouring_draws_and_neighbouring_streams_are_independent():
    drawn = _draws(3, (NOISE, 5), 0, 100_000)
    others = [
        _draws(3, (NOISE, 6), 0, 100_000),
        _draws(4, (NOISE, 5), 0, 100_000),
        _draws(3, (FADING,), 0, 100_000),
    ]
    for other in (np.roll(drawn, 1), np.roll(drawn, 2), *others):
        assert abs(np.mean(drawn * other.conj())) < 5 / np.sqrt(100_000)


@pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 1), (1, 2), (2, 5), (999, 1), (37, 900), (10, 0)])
def test_a_draw_depends_on_its_index_only(first, count):
    whole = _draws(6, (FADING,), 0, 1000)
    np.testing.assert_array_equal(_draws(6, (FADING,), first, count), whole[first : first + count])


def test_streams_do_not_collide_where_words_of_seed_and_name_could_be_confused():
    names = [
        (1, (0, 5)),
        (1 + 2**32, (0, 5)),
        (1, (0, 5, 0)),
        (1, (0, 5 * 2**32)),
        (1, (5,)),
        (1 + 5 * 2**32, (0,)),
    ]
    firsts = {_draws(seed, stream, 0, 1)[0] for seed, stream in names}
    assert len(firsts) == len(names)


def test_the_series_are_as_good_as_the_library():
    x = np.concatenate([np.geomspace(2.0**-53, 1, 50_001)[:-1], 1 - np.geomspace(2.0**-53, 0.5, 1000)])
    np.testing.assert_allclose(_log(x), np.log(x), rtol=1e-15)
    words = np.random.default_rng(0).integers(0, 2**64, 50_000, dtype=np.uint64)
    cosine, sine = _turn(words)
    angle = ((words >> np.uint64(12)).astype(float) * 2.0**-52 - 0.5) * np.pi / 2
    rotated = np.exp(1j * angle) * np.array([1, 1j, -1, -1j])[(words & np.uint64(3)).astype(int)]
    np.testing.assert_allclose(cosine + 1j * sine, rotated, atol=1e-15)
