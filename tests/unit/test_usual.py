from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid import usual

sides = st.tuples(st.integers(1, 16_384), st.integers(1, 16_384))
rates = st.builds(Fraction, st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))


@given(rate=rates, code=st.integers(-1, 9))
def test_time_bases_and_codes_determine_each_other(rate: Fraction, code: int) -> None:
    base = usual.time_base_of(code, rate)
    assert (base is None) == (code not in range(1, 6))
    if base is not None:
        assert usual.time_base_of(usual.time_base_code(base, rate), rate) == base


@given(size=sides, code=st.integers(-1, 12))
def test_scales_and_codes_determine_each_other(size: tuple[int, int], code: int) -> None:
    coded = usual.coded_size(code, size)
    assert (coded is None) == (code not in range(1, 9))
    if coded is not None:
        assert usual.coded_size(usual.scale_code(size, coded), size) == coded


@given(code=st.integers(-1, 20))
def test_shapes_of_pixels_and_codes_determine_each_other(code: int) -> None:
    aspect = usual.aspect_of(code)
    assert (aspect is None) == (code not in range(1, 16))
    if aspect is not None:
        assert usual.aspect_code(aspect) == code


@pytest.mark.parametrize(
    ("base", "rate"), [(12_800, Fraction(25)), (15_360, Fraction(30)), (24_000, Fraction(24_000, 1001))]
)
def test_what_ffmpeg_writes_into_mp4_files_is_usual(base: int, rate: Fraction) -> None:
    assert usual.time_base_code(Fraction(1, base), rate) == 1


def test_what_is_unusual_has_no_code() -> None:
    assert usual.time_base_code(Fraction(1, 1_200_000), Fraction(25)) == 0
    assert usual.scale_code((576, 320), (575, 320)) == 0
    assert usual.aspect_code(Fraction(1)) == usual.aspect_code(Fraction(64, 45)) == 0
