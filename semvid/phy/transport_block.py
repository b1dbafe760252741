"""Transport blocks: payload bytes to coded bits, and soft decisions back to bytes with HARQ combining.

The chain of TS 38.212 clause 7.2: CRC, base graph choice, segmentation, LDPC coding, rate matching, code
block concatenation. The payload's number of bytes and the MCS fix everything else, so that the control word
need not say more.
"""

import math
from functools import lru_cache

import numpy as np

from semvid.phy.arrays import Bits, Llrs
from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.mcs import MCS_BY_EFFICIENCY, Mcs
from semvid.phy.segmentation import Segmentation, segment


@lru_cache(maxsize=1024)
def symbols_for(payload_bytes: int, mcs: Mcs) -> int:
    """Symbols that a transport block takes: ``ceil((payload + CRC bits) / (code rate * qm))``.

    Short payloads at the highest rates take a few more: to recover the two punctured columns, a code block
    needs three parity columns beside its information bits.

    Raises:
        ValueError: the payload is empty or longer than a transport block may be.
    """
    plan = segment(payload_bytes, mcs.code_rate)
    bits = plan.payload_bits + plan.transport_crc.length
    decodable = math.ceil((plan.code.information_bits + plan.code.lifting_size) / mcs.qm)
    return max(math.ceil(bits / mcs.spectral_efficiency), plan.block_count * decodable)


def _coded_bits(plan: Segmentation, symbols: int, qm: int) -> list[int]:
    """E_r of clause 5.4.2.1: coded bits of each code block; later blocks take the odd symbols."""
    share, left = divmod(symbols, plan.block_count)
    longer_from = plan.block_count - left
    return [qm * (share + (r >= longer_from)) for r in range(plan.block_count)]


def encode(payload: bytes, mcs: Mcs, rv: int = 0) -> Bits:
    """Encodes a payload.

    Args:
        payload: 1..8191 bytes.
        mcs: the modulation and coding scheme.
        rv: redundancy version, 0..3.

    Returns:
        uint8[symbols_for(len(payload), mcs) * mcs.qm], ``mcs.qm`` consecutive bits to a symbol.

    Raises:
        ValueError: the payload is empty or too long.
    """
    plan = segment(len(payload), mcs.code_rate)
    bits = np.unpackbits(np.frombuffer(payload, np.uint8))
    sizes = _coded_bits(plan, symbols_for(len(payload), mcs), mcs.qm)
    return np.concatenate(
        [
            rate_matching.rate_match(encoder.encode(plan.code, block), plan.code, size, mcs.qm, rv)
            for block, size in zip(plan.split(bits), sizes, strict=True)
        ]
    )


def repeats_as(payload_bytes: int, mcs: Mcs) -> list[Mcs]:
    """Schemes in which a block first sent with ``mcs`` can be repeated, the shortest repetition first.

    Those that keep its code words: what they send is other, or fewer, bits of the same. At most two bits
    more a symbol: finer constellations carry much less than the capacity where ``mcs`` was needed.
    """
    plan = segment(payload_bytes, mcs.code_rate)
    same = [
        one
        for one in MCS_BY_EFFICIENCY
        if one.qm <= mcs.qm + 2 and segment(payload_bytes, one.code_rate) == plan
    ]
    return sorted(same, key=lambda one: symbols_for(payload_bytes, one))


class SoftTransportBlock:
    """The receiver's soft buffer of one transport block: combines redundancy versions, then decodes.

    Args:
        payload_bytes: of the block.
        mcs: that it was first sent with.
    """

    def __init__(self, payload_bytes: int, mcs: Mcs) -> None:
        self.payload_bytes, self._mcs = payload_bytes, mcs
        self._plan = segment(payload_bytes, mcs.code_rate)
        self._buffers = [
            rate_matching.new_soft_buffer(self._plan.code) for _ in range(self._plan.block_count)
        ]
        self._blocks: list[Bits | None] = [None] * self._plan.block_count
        self._payload: bytes | None = None

    def takes(self, payload_bytes: int, mcs: Mcs) -> bool:
        """Whether a repetition with ``mcs`` repeats bits of the same code words."""
        return payload_bytes == self.payload_bytes and segment(payload_bytes, mcs.code_rate) == self._plan

    def combine(self, llrs: Llrs, rv: int, mcs: Mcs | None = None) -> None:
        """Adds one transmission: float32[symbols_for(...) * qm] in the order of `encode`.

        Args:
            llrs: of it.
            rv: its redundancy version.
            mcs: one that the block `takes`; None: that of the first.

        Raises:
            ValueError: the wrong number of LLRs.
        """
        mcs = mcs or self._mcs
        sizes = _coded_bits(self._plan, symbols_for(self.payload_bytes, mcs), mcs.qm)
        if llrs.shape != (sum(sizes),):
            raise ValueError(f"the transport block has {sum(sizes)} coded bits, got {llrs.shape}")
        if self._payload is not None:
            return  # nothing can be added to it, and its buffers are free
        start = 0
        for buffer, size in zip(self._buffers, sizes, strict=True):
            part = llrs[start : start + size]
            rate_matching.accumulate(buffer, part, self._plan.code, mcs.qm, rv)
            start += size

    def decode(self) -> bytes | None:
        """The payload, or None until parity checks and CRCs of every code block hold."""
        if self._payload is not None:
            return self._payload
        for r, buffer in enumerate(self._buffers):
            if self._blocks[r] is None:
                decoded = decoder.decode(self._plan.code, buffer)
                if decoded.converged and self._plan.block_holds(decoded.bits):
                    self._blocks[r] = decoded.bits
        blocks = [block for block in self._blocks if block is not None]
        if len(blocks) < len(self._blocks):
            return None
        bits = self._plan.join(blocks)
        if bits is None:  # a code block was wrong although its CRC held: trust none of them
            self._blocks = [None] * len(self._blocks)
            return None
        self._payload = np.packbits(bits).tobytes()
        self._buffers, self._blocks = [], []
        return self._payload
