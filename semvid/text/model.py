"""The arithmetic coder of `semvid.text` and its model: integers only, the same on every machine.

Each bit of each byte is predicted from contexts of up to six bytes, the current word and the word before.
Every context holds a probability and how often it was seen; two small mixers, chosen by what is known of the
byte and of its contexts, weigh the predictions in the logistic domain and learn from every bit (context
mixing: M. Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", CS-2005-16).

All state is fixed-size integer arrays; no floating point takes part, so encoder and decoder agree bit by bit
wherever they run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semvid.compiled import njit

CONTEXTS = 9
TABLE_BITS = 17
END = 0  # byte that ends a text
MAX_BYTES = 1_600  # of one text without its end
FIRST_RESERVED = 0xFF  # no code starts with this byte: it announces uncoded text

# 4096 / (1 + exp(-x / 2)) for x = -16 .. 16, rounded
_LOGISTIC = (
    *(1, 2, 4, 6, 10, 17, 27, 45, 73, 120, 194, 310, 488, 747, 1102, 1546, 2048),
    *(2550, 2994, 3349, 3608, 3786, 3902, 3976, 4023, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095),
)
_LIMIT = 30  # a context's probability moves by 1 / (count + 1.5) until here
_RATE = 10  # of the mixer
# weight, in sixteenths, of a context by how often it was seen
_CONFIDENCE = (0, 10, 13, 15, 16, 17, 18, 19, 20)


def _squash_table() -> NDArray[np.int32]:
    """Probability (of 4096) by logit + 2047, the logit being 256 per unit of the natural logarithm."""
    logits = np.arange(4095, dtype=np.int64) - 2047 + 2048
    low, part = logits >> 7, logits & 127
    knots = np.array([*_LOGISTIC, 4095], dtype=np.int64)
    values = (knots[low] * (128 - part) + knots[low + 1] * part + 64) >> 7
    table: NDArray[np.int32] = np.clip(values, 1, 4095).astype(np.int32)
    return table


def _stretch_table(squash: NDArray[np.int32]) -> NDArray[np.int32]:
    """The inverse: smallest logit whose probability reaches the index."""
    logits = np.searchsorted(squash, np.arange(4096)) - 2047
    table: NDArray[np.int32] = np.clip(logits, -2047, 2047).astype(np.int32)
    return table


_SQUASH = _squash_table()
_STRETCH = _stretch_table(_SQUASH)
_STEPS = np.array([65536 * 2 // (2 * count + 3) for count in range(_LIMIT + 1)], dtype=np.int32)
_WEIGHTS = np.array([*_CONFIDENCE, *[_CONFIDENCE[-1]] * (_LIMIT + 1 - len(_CONFIDENCE))], dtype=np.int32)


@dataclass(frozen=True, slots=True)
class State:
    """What the model knows.

    Attributes:
        chance: uint16 [CONTEXTS, 2**TABLE_BITS], probability of a one, of 65536.
        count: uint8, same shape, how often the context was seen, saturating.
        mixers: int32 [2, 2048, CONTEXTS], weights of 65536; the first by the byte so far, the second by how
            many of the long contexts are known and, at a byte's first bit, by the byte before.
    """

    chance: NDArray[np.uint16]
    count: NDArray[np.uint8]
    mixers: NDArray[np.int32]

    @classmethod
    def fresh(cls) -> State:
        """Knows nothing."""
        shape = (CONTEXTS, 1 << TABLE_BITS)
        mixers = np.full((2, 2048, CONTEXTS), 65536 * 3 // 10, np.int32)
        return cls(np.full(shape, 32768, np.uint16), np.zeros(shape, np.uint8), mixers)

    def copy(self) -> State:
        """An independent copy."""
        return State(self.chance.copy(), self.count.copy(), self.mixers.copy())


def learn(state: State, data: bytes) -> None:
    """Updates ``state`` in place with texts, each followed by the byte `END`."""
    _run(
        np.frombuffer(bytearray(data), np.uint8),
        len(data),
        state.chance,
        state.count,
        state.mixers,
        0,
        _NOTHING,
        *_TABLES,
    )


def encode(state: State, data: bytes) -> bytes:
    """Codes one text; ``data`` must not contain `END`. Changes ``state``."""
    source = np.frombuffer(bytearray(data + bytes([END])), np.uint8)
    code = np.zeros(2 * len(source) + 16, np.uint8)
    count = _run(source, len(source), state.chance, state.count, state.mixers, 1, code, *_TABLES)
    return code[:count].tobytes()


def decode(state: State, code: bytes) -> bytes | None:
    """Text that ``code`` stands for, or None when it does not end within `MAX_BYTES`. Changes ``state``."""
    text = np.zeros(MAX_BYTES + 1, np.uint8)
    source = np.frombuffer(bytearray(code), np.uint8)
    count = _run(text, len(text), state.chance, state.count, state.mixers, 2, source, *_TABLES)
    return text[: count - 1].tobytes() if text[count - 1] == END else None


_TABLES = (_SQUASH, _STRETCH, _STEPS, _WEIGHTS)
_NOTHING = np.zeros(1, np.uint8)


@njit()
def _mix(value, more):  # type: ignore[no-untyped-def]
    mixed = np.uint64(value) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(more) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    return mixed ^ (mixed >> np.uint64(33))


@njit()
def _clamp(logit):  # type: ignore[no-untyped-def]
    return min(max(logit, -2047), 2047)


@njit()
def _run(data, size, chance, count, mixers, mode, code, squash, stretch, steps, confidence):  # type: ignore[no-untyped-def]
    """Modes: 0 learns ``data``, 1 codes it into ``code``, 2 decodes ``code`` into ``data``.

    Returns the number of bytes of code (mode 1) or of data (mode 2).
    """
    mask = np.uint64((1 << TABLE_BITS) - 1)
    contexts = np.zeros(CONTEXTS, np.uint64)
    slots = np.zeros(CONTEXTS, np.int64)
    logits = np.zeros(CONTEXTS, np.int64)
    past = np.uint64(0)  # the last eight bytes
    word, before = np.uint64(0), np.uint64(0)
    low, high = np.uint64(0), np.uint64((FIRST_RESERVED << 24) - 1)
    window, read, written = np.uint64(0), 0, 0
    if mode == 2:
        for _ in range(4):
            window = (window << np.uint64(8)) | np.uint64(code[read] if read < code.size else 0)
            read += 1
    for position in range(size):
        contexts[0] = np.uint64(0)
        for order in range(1, 7):
            contexts[order] = _mix(
                past & ((np.uint64(1) << np.uint64(8 * order)) - np.uint64(1)), np.uint64(order)
            )
        contexts[7] = _mix(word, np.uint64(7))
        contexts[8] = _mix(word, before + np.uint64(8))
        partial = 1
        for bit_number in range(8):
            known = 0
            for i in range(CONTEXTS):
                slot = np.int64(_mix(contexts[i], np.uint64(partial + (i << 9))) & mask)
                slots[i] = slot
                seen = count[i, slot]
                logits[i] = (stretch[chance[i, slot] >> 4] * confidence[seen]) >> 4
                if i >= 2 and i <= 6 and seen > 0:
                    known += 1
            by_context = known * 256 + (np.int64(past & np.uint64(0xFF)) if partial == 1 else 0)
            total_partial, total_context = np.int64(0), np.int64(0)
            for i in range(CONTEXTS):
                total_partial += mixers[0, partial, i] * logits[i]
                total_context += mixers[1, by_context, i] * logits[i]
            first = _clamp(total_partial >> 16)
            second = _clamp(total_context >> 16)
            p = np.int64(squash[((first + second) >> 1) + 2047])
            middle = low + ((high - low) >> np.uint64(12)) * np.uint64(p)
            middle += (((high - low) & np.uint64(0xFFF)) * np.uint64(p)) >> np.uint64(12)
            bit = (1 if window <= middle else 0) if mode == 2 else (data[position] >> (7 - bit_number)) & 1
            if mode != 0:
                if bit:
                    high = middle
                else:
                    low = middle + np.uint64(1)
                while ((low ^ high) & np.uint64(0xFF000000)) == 0:
                    if mode == 1:
                        code[written] = np.uint8(high >> np.uint64(24))
                        written += 1
                    else:
                        window = (window << np.uint64(8)) & np.uint64(0xFFFFFFFF)
                        window |= np.uint64(code[read] if read < code.size else 0)
                        read += 1
                    low = (low << np.uint64(8)) & np.uint64(0xFFFFFFFF)
                    high = ((high << np.uint64(8)) & np.uint64(0xFFFFFFFF)) | np.uint64(255)
            wrong_first = ((bit << 12) - np.int64(squash[first + 2047])) * _RATE
            wrong_second = ((bit << 12) - np.int64(squash[second + 2047])) * _RATE
            target = 65535 if bit else 0
            for i in range(CONTEXTS):
                mixers[0, partial, i] += (logits[i] * wrong_first + 8192) >> 14
                mixers[1, by_context, i] += (logits[i] * wrong_second + 8192) >> 14
                slot = slots[i]
                seen = count[i, slot]
                now = np.int64(chance[i, slot])
                chance[i, slot] = np.uint16(now + (((target - now) * steps[seen]) >> 16))
                if seen < _LIMIT:
                    count[i, slot] = seen + 1
            partial = (partial << 1) | bit
        byte = partial & 255
        if mode == 2:
            data[position] = byte
        if byte == END:
            past, word, before = np.uint64(0), np.uint64(0), np.uint64(0)
            if mode == 2:
                return position + 1
            continue
        past = (past << np.uint64(8)) | np.uint64(byte)
        lower = byte | 32
        if (lower >= 97 and lower <= 122) or byte >= 128:
            word = _mix(word, np.uint64(lower))
        elif word != np.uint64(0):
            before, word = word, np.uint64(0)
    if mode == 1:
        # the shortest bytes that lie in [low, high] whatever zeros follow
        for length in range(0, 5):
            shift = np.uint64(32 - 8 * length)
            value = (low + (np.uint64(1) << shift) - np.uint64(1)) >> shift
            if (value << shift) <= high:
                for i in range(length):
                    code[written] = np.uint8((value >> np.uint64(8 * (length - 1 - i))) & np.uint64(255))
                    written += 1
                break
        while written > 0 and code[written - 1] == 0:
            written -= 1
        return written
    return size
