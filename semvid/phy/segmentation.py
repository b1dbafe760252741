"""From transport block to code blocks and back (TS 38.212 clauses 5.2.2, 7.2.1, 7.2.2, 7.2.3).

One deviation: transport blocks are whole bytes of any number, not the sizes of TS 38.214, so that they need
not divide evenly among the code blocks. Up to C - 1 zero bits make up the difference.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semvid.phy.arrays import Bits
from semvid.phy.crc import CRC16, CRC24A, CRC24B, Crc
from semvid.phy.ldpc.base_graphs import MAX_INFORMATION_BITS, LdpcCode, ldpc_code

MAX_PAYLOAD_BYTES = 8191


@dataclass(frozen=True)
class Segmentation:
    """How a transport block splits into code blocks.

    Attributes:
        payload_bits: A.
        transport_crc: CRC16 up to 3824 bits, CRC24A above.
        block_count: C, number of code blocks.
        code: the LDPC code of every code block.
    """

    payload_bits: int
    transport_crc: Crc
    block_count: int
    code: LdpcCode

    @property
    def block_payload(self) -> int:
        """Bits of the transport block in one code block, without its CRC24B."""
        crc = CRC24B.length if self.block_count > 1 else 0
        return self.code.information_bits - crc

    def split(self, payload: Bits) -> list[Bits]:
        """uint8[payload_bits] to ``block_count`` arrays uint8[code.information_bits] with all CRCs."""
        protected = self.transport_crc.attach(payload)
        if self.block_count == 1:
            return [protected]
        padded = np.zeros(self.block_count * self.block_payload, np.uint8)
        padded[: len(protected)] = protected
        return [CRC24B.attach(block) for block in padded.reshape(self.block_count, -1)]

    def block_holds(self, block: Bits) -> bool:
        """Whether the CRC of one decoded code block holds."""
        return CRC24B.holds(block) if self.block_count > 1 else self.transport_crc.holds(block)

    def join(self, blocks: list[Bits]) -> Bits | None:
        """Inverse of `split`: the payload, or None where the CRC of the transport block fails."""
        joined = np.concatenate([block[: self.block_payload] for block in blocks])
        protected = joined[: self.payload_bits + self.transport_crc.length]
        if joined[len(protected) :].any() or not self.transport_crc.holds(protected):
            return None
        return protected[: self.payload_bits]


def choose_base_graph(payload_bits: int, code_rate: float) -> int:
    """Base graph 1 or 2 by clause 7.2.2."""
    if payload_bits <= 292 or (payload_bits <= 3824 and code_rate <= 0.67) or code_rate <= 0.25:
        return 2
    return 1


@lru_cache(maxsize=256)
def segment(payload_bytes: int, code_rate: float) -> Segmentation:
    """The segmentation for a payload at a code rate.

    Raises:
        ValueError: the payload is empty or longer than `MAX_PAYLOAD_BYTES`.
    """
    if not 1 <= payload_bytes <= MAX_PAYLOAD_BYTES:
        raise ValueError(f"a transport block carries 1..{MAX_PAYLOAD_BYTES} bytes, got {payload_bytes}")
    payload_bits = 8 * payload_bytes
    crc = CRC24A if payload_bits > 3824 else CRC16
    base_graph = choose_base_graph(payload_bits, code_rate)
    limit = MAX_INFORMATION_BITS[base_graph]
    total = payload_bits + crc.length
    if total <= limit:
        return Segmentation(payload_bits, crc, 1, ldpc_code(base_graph, total, total))
    count = -(-total // (limit - CRC24B.length))
    block_bits = -(-(total + count * CRC24B.length) // count)
    return Segmentation(payload_bits, crc, count, ldpc_code(base_graph, block_bits, total))
