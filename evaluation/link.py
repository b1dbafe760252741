"""The emulated air inside one process, and bytes across it, for whoever has bytes to send.

What the services do over gRPC happens here by direct calls to the same modules: noise and fading are those of
`channel.noise`, drawn from the seed, the block's sequence number and the symbols' positions; blocks are made
and received by `semvid.phy.block`; the modulation follows the same `LinkAdapter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from channel.conditions import Conditions as ChannelConditions
from channel.noise import receive
from channel.power import PowerGuard
from evaluation.method import Conditions
from semvid.accounting import Ledger, SymbolClass
from semvid.phy.adaptation import LinkAdapter
from semvid.phy.block import Block, BlockReceiver, Burst, TbState, TransportBlock, modulate
from semvid.phy.pilots import sounding
from transmitter.sender import MAX_AGGREGATION, PROCESSES, REDUNDANCY_VERSIONS

Symbols = NDArray[np.complex64]

RETRANSMISSIONS: Final = 2  # rounds of incremental redundancy; the transmitter's default


class Air:
    """The channel for one transmission.

    Args:
        conditions: equal conditions give equal fading and noise, whoever sends.

    Attributes:
        blocks: bursts that crossed.
        crossed: symbols that the channel was applied to.
    """

    def __init__(self, conditions: Conditions) -> None:
        given = {"model": conditions.model, "snr_db": conditions.snr_db, "seed": conditions.seed}
        if conditions.coherence_symbols is not None:
            given["coherence_symbols"] = conditions.coherence_symbols
        self._conditions = ChannelConditions(**given)  # type: ignore[arg-type]
        self._power = PowerGuard()
        self.blocks = self.crossed = 0

    def cross(self, symbols: Symbols) -> Symbols:
        """Received symbols of the next burst, complex64[n].

        Raises:
            InvalidInput: more than unit mean power.
        """
        self._power.check(symbols)
        received = receive(symbols, self._conditions, self.blocks, self.crossed)
        self.blocks += 1
        self.crossed += len(symbols)
        return received


def verified(symbols: Mapping[SymbolClass, int], air: Air) -> dict[str, int]:
    """The ledger by class, checked against what crossed.

    Raises:
        RuntimeError: the ledger is wrong, so every result of the method is.
    """
    if sum(symbols.values()) != air.crossed:
        raise RuntimeError(f"the ledger counts {sum(symbols.values())} symbols, {air.crossed} crossed")
    return {symbol_class.value: count for symbol_class, count in symbols.items()}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of a stream of bytes.

    Attributes:
        data: as sent, the lost bytes zero.
        lost: half-open ranges of lost bytes, in order.
        blocks, blocks_lost: semantic blocks, repetitions not counted.
    """

    data: bytes
    lost: list[tuple[int, int]] = field(default_factory=list)
    blocks: int = 0
    blocks_lost: int = 0


class ByteLink:
    """Sends bytes in bulk transport blocks, as the transmitter sends keyframes, and receives them.

    Args:
        air: to cross; nothing else may use it.
        mcs: code of a fixed modulation and coding scheme, or "auto".
        retransmissions: rounds of hybrid ARQ at most.

    Attributes:
        ledger: every symbol by class; payload counts as `SymbolClass.KEYFRAME`, coded pictures.
        mcs: how many blocks used each modulation and coding scheme.
    """

    def __init__(
        self, air: Air, mcs: int | Literal["auto"] = "auto", retransmissions: int = RETRANSMISSIONS
    ) -> None:
        self.ledger = Ledger()
        self.mcs: dict[str, int] = {}
        self._air = air
        self._rounds = 1 + retransmissions
        self._adapter = LinkAdapter(mcs, retransmissions)
        self._receiver = BlockReceiver()
        self._process = 0
        known = sounding()
        self.ledger.add(SymbolClass.PILOT, len(known))
        reception = self._receiver.receive(air.cross(known))
        self._adapter.observe(reception.snr_db, reception.effective_snr_db)

    def send_stream(self, stream: bytes, block_bytes: int | None = None) -> Arrival:
        """Sends ``stream`` in blocks of at most ``block_bytes``; None: as large as the link allows."""
        parts: list[bytes] = []
        lost: list[tuple[int, int]] = []
        start = blocks_lost = 0
        while start < len(stream):
            size = min(block_bytes or self._adapter.bulk_limit_bytes(), self._adapter.bulk_limit_bytes())
            payload = stream[start : start + size]
            received = self.send(payload)
            if received is None:
                blocks_lost += 1
                begin = lost.pop()[0] if lost and lost[-1][1] == start else start
                lost.append((begin, start + len(payload)))
            parts.append(received if received is not None else bytes(len(payload)))
            start += len(payload)
        return Arrival(b"".join(parts), lost, len(parts), blocks_lost)

    def send(self, payload: bytes) -> bytes | None:
        """One block and its repetitions.

        Args:
            payload: 1..8191 bytes, and no more than a burst holds at the present modulation and coding.

        Returns:
            What the receiver decoded; None where its checksum never held.
        """
        block = TransportBlock(payload, self._adapter.choose_bulk(len(payload)))
        self.mcs[block.mcs.name] = self.mcs.get(block.mcs.name, 0) + 1
        aggregation = self._adapter.aggregation()
        versions_received = 0
        self._process = (self._process + 1) % PROCESSES
        for attempt in range(self._rounds):
            version = REDUNDANCY_VERSIONS[versions_received]
            burst = modulate(Block(self._process, version, None, block, aggregation))
            self._count(burst, 8 * len(payload), repeated=attempt > 0)
            reception = self._receiver.receive(self._air.cross(burst.symbols))
            self._adapter.observe(reception.snr_db, reception.effective_snr_db)
            if reception.control is None:
                aggregation = min(2 * aggregation, MAX_AGGREGATION)
                continue
            versions_received += 1
            if attempt == 0:
                self._adapter.observe_ack(reception.bulk_state is TbState.DECODED)
            if reception.bulk is not None:
                return reception.bulk
        return None

    def _count(self, burst: Burst, bits: int, repeated: bool) -> None:
        if repeated:
            self.ledger.add(SymbolClass.RETRANSMISSION, len(burst.symbols))
            return
        self.ledger.add(SymbolClass.PILOT, burst.preamble_pilots + burst.pilots)
        self.ledger.add(SymbolClass.CONTROL, burst.control)
        self.ledger.add(SymbolClass.KEYFRAME, burst.bulk, bits)
