"""Compiles (or loads from numba's cache) everything that a first block would have to wait for."""

from __future__ import annotations

import numpy as np

from semvid.phy.block import Block, BlockReceiver, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE


def warm_up() -> None:
    """Sends one small block to itself through a channel with a jump in the gain.

    Raises:
        RuntimeError: the block did not come back; this installation cannot work.
    """
    payload = bytes(range(64))
    transport_block = TransportBlock(payload, MCS_TABLE[0])
    received = modulate(Block(0, 0, transport_block, transport_block, aggregation=1))
    received[len(received) // 2 :] *= np.complex64(-0.5j)
    if BlockReceiver().receive(received).bulk != payload:
        raise RuntimeError("the physical layer failed its self-test; clear numba's cache and reinstall")
