import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from semvid.phy.sequences import descramble, gold_sequence, scramble


def registers(c_init: int, length: int) -> list[int]:
    """TS 38.211 clause 5.2.1, bit by bit."""
    x1, x2 = [1] + [0] * 30, [c_init >> i & 1 for i in range(31)]
    for n in range(1600 + length):
        x1.append(x1[n + 3] ^ x1[n])
        x2.append(x2[n + 3] ^ x2[n + 2] ^ x2[n + 1] ^ x2[n])
    return [x1[1600 + n] ^ x2[1600 + n] for n in range(length)]


@given(c_init=st.integers(1, 2**31 - 1), length=st.integers(1, 3000))
def test_equals_the_shift_registers(c_init: int, length: int) -> None:
    assert gold_sequence(c_init, length).tolist() == registers(c_init, length)


def test_descramble_undoes_scramble(rng: np.random.Generator) -> None:
    bits = rng.integers(0, 2, 5000).astype(np.uint8)
    llrs = 1 - 2 * scramble(bits, 7).astype(np.float32)
    assert np.array_equal(descramble(llrs, 7) < 0, bits.astype(bool))
    assert 0.45 < np.mean(scramble(np.zeros(5000, np.uint8), 7)) < 0.55
