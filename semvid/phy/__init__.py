"""The physical layer: bytes to complex symbols and back, after 5G NR (3GPP TS 38.211, 38.212, 38.214).

A library of its own, of numpy and numba only: arrays in, arrays out, whole batches (docs/phy.md).

    encode, decode, SoftBuffers     transport blocks <-> coded bits, with hybrid ARQ
    modulate, demap                 coded bits <-> symbols
    estimate, pilot_symbols         gain and noise from known symbols
    symbols_for                     what a payload costs
    MCS_TABLE, MCS_BY_EFFICIENCY    modulation and coding schemes (TS 38.214)
    block_error_rate, snr_threshold_db    what each needs, as measured
    Block, burst, BlockReceiver     what the services send: control word, two transport blocks, pilots
    LinkAdapter                     which scheme next, from what a receiver reports
    warm_up                         compiles all of it now

Symbols are complex64 with unit average power; ``no`` is the noise variance per complex symbol and
``snr_db = 10 log10(1 / no)``, Es/N0; LLRs are log p(bit = 0) / p(bit = 1).
"""

import numpy as np

from semvid.phy.adaptation import LinkAdapter
from semvid.phy.batches import Decoded, Estimates, SoftBuffers, decode, demap, encode, estimate, modulate
from semvid.phy.block import Block, BlockReceiver, Reception, TransportBlock
from semvid.phy.block import modulate as burst
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.mcs import MCS_BY_EFFICIENCY, MCS_TABLE, Mcs, block_error_rate, snr_threshold_db
from semvid.phy.pilots import pilot_symbols
from semvid.phy.transport_block import symbols_for

__all__ = [
    "MCS_BY_EFFICIENCY",
    "MCS_TABLE",
    "REDUNDANCY_VERSIONS",
    "Block",
    "BlockReceiver",
    "Decoded",
    "Estimates",
    "LinkAdapter",
    "Mcs",
    "Reception",
    "SoftBuffers",
    "TransportBlock",
    "block_error_rate",
    "burst",
    "decode",
    "demap",
    "encode",
    "estimate",
    "modulate",
    "pilot_symbols",
    "snr_threshold_db",
    "symbols_for",
    "warm_up",
]


def warm_up() -> None:
    """Compiles (or loads from numba's cache) everything that a first block would have to wait for.

    Sends one small block to itself through a channel with a jump in the gain.

    Raises:
        RuntimeError: the block did not come back; this installation cannot work.
    """
    payload = bytes(range(64))
    transport_block = TransportBlock(payload, MCS_TABLE[0])
    received = burst(Block(0, 0, transport_block, transport_block, aggregation=1))
    received[len(received) // 2 :] *= np.complex64(-0.5j)
    if BlockReceiver().receive(received).bulk != payload:
        raise RuntimeError("the physical layer failed its self-test; clear numba's cache and reinstall")
