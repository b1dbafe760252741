import binascii

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.phy.crc import CRC16, CRC24A, CRC24B, Crc

POLYNOMIALS = {  # TS 38.212 clause 5.1, exponents written out
    CRC16: (16, 12, 5, 0),
    CRC24A: (24, 23, 18, 17, 14, 11, 10, 7, 6, 5, 4, 3, 1, 0),
    CRC24B: (24, 23, 6, 5, 1, 0),
}


def bits_of(data: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(data, np.uint8))


def long_division(bits: np.ndarray, exponents: tuple[int, ...]) -> int:
    divisor = sum(1 << e for e in exponents)
    value = int("".join(map(str, bits)) or "0", 2) << exponents[0]
    while value.bit_length() > exponents[0]:
        value ^= divisor << (value.bit_length() - divisor.bit_length())
    return value


def value_of(parity: np.ndarray) -> int:
    return int("".join(map(str, parity)), 2)


@pytest.mark.parametrize(
    ("crc", "check"), [(CRC16, 0x31C3), (CRC24A, 0xCDE703), (CRC24B, 0x23EF52)], ids=["16", "24A", "24B"]
)
def test_catalogue_check_values(crc: Crc, check: int) -> None:
    """The check values of CRC-16/XMODEM, CRC-24/LTE-A and CRC-24/LTE-B for the text 123456789."""
    assert value_of(crc.parity(bits_of(b"123456789"))) == check


@pytest.mark.parametrize("crc", POLYNOMIALS, ids=["16", "24A", "24B"])
@given(bits=st.lists(st.integers(0, 1), min_size=1, max_size=300))
def test_equals_polynomial_division(crc: Crc, bits: list[int]) -> None:
    array = np.array(bits, np.uint8)
    assert value_of(crc.parity(array)) == long_division(array, POLYNOMIALS[crc])


@given(data=st.binary(min_size=1, max_size=200))
def test_crc16_equals_the_standard_library(data: bytes) -> None:
    assert value_of(CRC16.parity(bits_of(data))) == binascii.crc_hqx(data, 0)


@pytest.mark.parametrize("crc", POLYNOMIALS, ids=["16", "24A", "24B"])
@given(data=st.binary(min_size=1, max_size=60), flips=st.sets(st.integers(0, 10_000), min_size=1, max_size=3))
def test_up_to_three_wrong_bits_are_noticed(crc: Crc, data: bytes, flips: set[int]) -> None:
    attached = crc.attach(bits_of(data))
    assert crc.holds(attached)
    wrong = attached.copy()
    wrong[list({flip % len(wrong) for flip in flips})] ^= 1
    assert not crc.holds(wrong)


def test_nothing_but_parity_does_not_hold() -> None:
    assert not CRC16.holds(np.zeros(16, np.uint8))
    assert not CRC16.holds(np.zeros(0, np.uint8))
