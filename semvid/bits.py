"""Bits of payloads: fixed fields and Exponential-Golomb codes (ITU-T H.264, clause 9.1)."""

from semvid.errors import MalformedUnits

_LONGEST_PREFIX = 64  # zeros of a code; no field needs more


def unsigned(value: int) -> int:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ..."""
    return 2 * value if value >= 0 else -2 * value - 1


def signed(value: int) -> int:
    """Inverse of `unsigned`."""
    return -(value + 1) // 2 if value % 2 else value // 2


def golomb_length(value: int, order: int) -> int:
    """Bits of the Exponential-Golomb code of a value >= 0."""
    return 2 * (value + (1 << order)).bit_length() - 1 - order


class BitWriter:
    """Collects bits, the most significant first."""

    def __init__(self) -> None:
        self._bits = ""

    def fixed(self, value: int, count: int) -> None:
        """``value`` in ``count`` bits."""
        self._bits += f"{value:0{count}b}" if count else ""

    def golomb(self, value: int, order: int) -> None:
        """Exponential-Golomb code of a value >= 0."""
        shifted = value + (1 << order)
        self._bits += "0" * (shifted.bit_length() - 1 - order) + f"{shifted:b}"

    def string(self, value: bytes) -> None:
        """Whole bytes, wherever they begin."""
        self.fixed(int.from_bytes(value, "big"), 8 * len(value))

    def __len__(self) -> int:
        return len(self._bits)

    def to_bytes(self) -> bytes:
        """What was written, padded with zeros to whole bytes."""
        padded = self._bits + "0" * (-len(self._bits) % 8)
        return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))


class BitReader:
    """Reads what `BitWriter` wrote.

    Args:
        data: the bytes.
        what: that they are to be, for errors.

    Raises:
        MalformedUnits: from every method: the bytes are something else.
    """

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def fixed(self, count: int) -> int:
        """The next ``count`` bits."""
        if self._at + count > 8 * len(self._data):
            raise MalformedUnits(f"{self._what} end before their last field")
        first, last = self._at // 8, (self._at + count + 7) // 8
        value = int.from_bytes(self._data[first:last], "big") >> (8 * last - self._at - count)
        self._at += count
        return value & (1 << count) - 1

    def golomb(self, order: int) -> int:
        """The next Exponential-Golomb code."""
        zeros = 0
        while not self.fixed(1):
            zeros += 1
            if zeros > _LONGEST_PREFIX:
                raise MalformedUnits(f"a code among {self._what} does not end")
        return (1 << zeros + order | self.fixed(zeros + order)) - (1 << order)

    def string(self, length: int) -> bytes:
        """The next ``length`` bytes, which need not begin where one does."""
        return self.fixed(8 * length).to_bytes(length, "big")

    def rest(self) -> bytes:
        """The whole bytes after the padding."""
        if self.fixed(-self._at % 8):
            raise MalformedUnits(f"{self._what} are not padded with zeros")
        return self._data[self._at // 8 :]
