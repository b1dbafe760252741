"""The physical layer for arrays: many transport blocks at a time, for simulations.

The rows of a batch are transport blocks of one length and one MCS, each coded and decoded by itself. What the
services send (`semvid.phy.block`) is made of the same functions; bursts, pilots' places and control words are
left to the caller here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semvid.phy import qam, transport_block
from semvid.phy.arrays import Bits, Indices, Llrs, Reals, Symbols
from semvid.phy.channel_estimate import estimate_channel
from semvid.phy.mcs import Mcs
from semvid.phy.transport_block import SoftTransportBlock, symbols_for


def encode(payloads: NDArray[np.uint8], mcs: Mcs, rv: int = 0) -> Bits:
    """CRC, segmentation, LDPC coding and rate matching (TS 38.212 clauses 5.1, 5.2.2, 5.3.2, 5.4.2, 7.2).

    Args:
        payloads: uint8[batch, bytes], 1..8191 bytes a row.
        mcs: the modulation and coding scheme, from `semvid.phy.MCS_TABLE`.
        rv: redundancy version, 0..3.

    Returns:
        uint8[batch, symbols * mcs.qm] of 0 and 1, with ``symbols = symbols_for(bytes, mcs)``.

    Raises:
        ValueError: not such an array, or payloads that are empty or too long.
    """
    if payloads.dtype != np.uint8 or payloads.ndim != 2:
        raise ValueError(f"payloads are uint8[batch, bytes], got {payloads.dtype}{list(payloads.shape)}")
    if rv not in range(4):
        raise ValueError(f"the redundancy version is one of 0..3, got {rv}")
    coded = np.empty((len(payloads), symbols_for(payloads.shape[1], mcs) * mcs.qm), np.uint8)
    for row, payload in zip(coded, payloads, strict=True):
        row[:] = transport_block.encode(payload.tobytes(), mcs, rv)
    return coded


def modulate(bits: Bits, qm: int) -> Symbols:
    """Gray-mapped QPSK, 16-, 64- or 256-QAM of unit mean power (TS 38.211 clauses 5.1.3 to 5.1.6).

    Args:
        bits: uint8[..., n * qm] of 0 and 1.
        qm: bits per symbol, 2, 4, 6 or 8.

    Returns:
        complex64[..., n].

    Raises:
        ValueError: another ``qm``, or bits that do not fill whole symbols.
    """
    if bits.shape[-1] % qm:
        raise ValueError(f"{bits.shape[-1]} bits do not fill whole symbols of {qm} bits")
    return qam.map_bits(bits.reshape(-1), qm).reshape(*bits.shape[:-1], -1)


def demap(symbols: Symbols, no: float | NDArray[np.floating], qm: int) -> Llrs:
    """Soft decisions on equalised symbols, log-sum-exp over all points.

    Args:
        symbols: complex64[..., n], the signal at unit mean power; those that are not finite count as erased.
        no: noise variance per complex symbol; a number, or an array that broadcasts to ``symbols``.
        qm: bits per symbol.

    Returns:
        float32[..., n * qm], log p(bit = 0) / p(bit = 1).

    Raises:
        ValueError: another ``qm`` than 2, 4, 6 or 8.
    """
    noise = np.broadcast_to(np.asarray(no, np.float32), symbols.shape).reshape(-1)
    return qam.demap(symbols.reshape(-1), noise, qm).reshape(*symbols.shape[:-1], -1)


@dataclass(frozen=True, eq=False)
class Decoded:
    """What a decoder made of a batch.

    Attributes:
        payloads: uint8[batch, bytes]; rows that were not decoded are 0.
        acknowledged: bool[batch], whether parity checks and CRCs hold.
    """

    payloads: NDArray[np.uint8]
    acknowledged: NDArray[np.bool_]

    @property
    def bler(self) -> float:
        """Share of the batch that was not decoded."""
        return float(1.0 - np.mean(self.acknowledged))


class SoftBuffers:
    """The receiver's soft buffers of a batch: hybrid ARQ with incremental redundancy (TS 38.212, 5.4.2).

    Args:
        batch: number of transport blocks.
        payload_bytes: of each.
        mcs: as sent.

    Raises:
        ValueError: payloads that are empty or too long.
    """

    def __init__(self, batch: int, payload_bytes: int, mcs: Mcs) -> None:
        self._bytes = payload_bytes
        self._blocks = [SoftTransportBlock(payload_bytes, mcs) for _ in range(batch)]

    def combine(self, llrs: Llrs, rv: int = 0) -> None:
        """Adds one transmission of every block: float32[batch, coded bits], in the order of `encode`.

        A row of zeros adds nothing: what was acknowledged need not be sent again.

        Raises:
            ValueError: the wrong number of rows or of LLRs.
        """
        for block, row in zip(self._blocks, llrs, strict=True):
            block.combine(row, rv)

    def decode(self) -> Decoded:
        """Decodes what is there; blocks that were decoded before are not decoded again."""
        payloads = np.zeros((len(self._blocks), self._bytes), np.uint8)
        acknowledged = np.zeros(len(self._blocks), np.bool_)
        for number, block in enumerate(self._blocks):
            payload = block.decode()
            if payload is not None:
                payloads[number] = np.frombuffer(payload, np.uint8)
                acknowledged[number] = True
        return Decoded(payloads, acknowledged)


def decode(llrs: Llrs, payload_bytes: int, mcs: Mcs) -> Decoded:
    """Decodes transport blocks that were sent once, with redundancy version 0.

    Args:
        llrs: float32[batch, coded bits] in the order of `encode`.
        payload_bytes: of each.

    Raises:
        ValueError: the wrong number of LLRs, or payloads that are empty or too long.
    """
    buffers = SoftBuffers(len(llrs), payload_bytes, mcs)
    buffers.combine(llrs)
    return buffers.decode()


@dataclass(frozen=True, eq=False)
class Estimates:
    """The channel of a batch, as a receiver sees it that knows neither gain nor noise.

    Attributes:
        gain: complex128[batch, n], of every symbol.
        gain_error: float64[batch, n], expected squared error of the gain.
        no: float64[batch], noise variance per complex symbol.
    """

    gain: NDArray[np.complex128]
    gain_error: Reals
    no: Reals

    def equalise(self, received: Symbols) -> tuple[Symbols, Reals]:
        """Divides out the gain: complex64[batch, n], and float64[batch, n], the noise variance after it."""
        power = np.maximum(np.abs(self.gain) ** 2, 1e-12)
        equalised = (received * self.gain.conj() / power).astype(np.complex64)
        return equalised, (self.no[:, None] + self.gain_error) / power


def estimate(received: Symbols, positions: Indices, pilots: Symbols, qm: int = 0) -> Estimates:
    """Gain and noise from known symbols; the gain may jump, where and how often is found out.

    Args:
        received: complex64[batch, n].
        positions: int32[k] ascending, of the known symbols, at least 2.
        pilots: complex64[k], the known symbols, unit modulus.
        qm: bits per symbol of all others, which then help to find where the gain jumps; 0: unknown.

    Raises:
        ValueError: not such arrays.
    """
    if received.ndim != 2 or len(positions) != len(pilots) or len(positions) < 2:
        raise ValueError(
            f"received symbols are [batch, n] with at least 2 pilots, got {list(received.shape)}, "
            f"{len(positions)} positions and {len(pilots)} pilots"
        )
    orders = np.full(received.shape[1], qm, np.int8)
    orders[positions] = 0
    places = np.asarray(positions, np.int32)
    values = np.asarray(pilots, np.complex64)
    found = [estimate_channel(row, places, values, orders) for row in received.astype(np.complex128)]
    return Estimates(
        np.array([one.gain for one in found]),
        np.array([one.gain_error for one in found]),
        np.array([one.no for one in found]),
    )
