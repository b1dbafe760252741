"""The physical layer: bytes to complex symbols and back, after 5G NR (3GPP TS 38.211, 38.212, 38.214).

Services use `block` (`modulate`, `BlockReceiver`), `adaptation` (`LinkAdapter`) and `pilots` (`sounding`).
Symbols are complex64 with unit average power; ``no`` is the noise variance per complex symbol and
``snr_db = 10 log10(1 / no)``; LLRs are log p(bit = 0) / p(bit = 1).
"""

import numpy as np

from semvid.phy.block import Block, BlockReceiver, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE


def warm_up() -> None:
    """Compiles (or loads from numba's cache) everything that a first block would have to wait for.

    Sends one small block to itself through a channel with a jump in the gain.

    Raises:
        RuntimeError: the block did not come back; this installation cannot work.
    """
    payload = bytes(range(64))
    transport_block = TransportBlock(payload, MCS_TABLE[0])
    received = modulate(Block(0, 0, transport_block, transport_block, aggregation=1))
    received[len(received) // 2 :] *= np.complex64(-0.5j)
    if BlockReceiver().receive(received).bulk != payload:
        raise RuntimeError("the physical layer failed its self-test; clear numba's cache and reinstall")
