"""Inputs that are nearly valid: valid ones with a few bytes changed, and some of pure noise."""

import random
from collections.abc import Sequence

_MOST_CHANGES = 6
_LONGEST_NOISE = 200  # bytes
_TELLING = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b'"', b"{", b"null")


def mutated(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One input.

    Args:
        draw: of everything that is random.
        corpus: valid inputs.
    """
    if draw.random() < 0.05:
        return draw.randbytes(draw.randrange(_LONGEST_NOISE))
    data = bytearray(draw.choice(corpus))
    for _ in range(draw.randint(1, _MOST_CHANGES)):
        at = draw.randrange(len(data) + 1)
        match draw.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << draw.randrange(8)
            case 1 if at < len(data):
                data[at] = draw.randrange(256)
            case 2:
                del data[at : at + draw.randint(1, 8)]
            case 3:
                data[at:at] = draw.choice(_TELLING)
            case 4:
                data[at : at + 4] = draw.choice(_TELLING)
            case 5:
                other = draw.choice(corpus)
                start = draw.randrange(len(other) + 1)
                data[at:] = other[start:]
    return bytes(data)
