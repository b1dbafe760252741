"""The emulated air inside one process, and bytes across it, for whoever has bytes to send.

What the services do over gRPC happens here by direct calls to the same cores: `semvid.link.harq` sends, and
noise and fading are those of `channel.noise`, drawn from the seed, the burst's sequence number and the
symbols' positions.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from channel.conditions import Conditions as ChannelConditions
from channel.noise import receive
from channel.power import PowerGuard
from evaluation.method import Conditions
from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Delivery, Payload
from semvid.link.harq import RETRANSMISSIONS, HarqSender
from semvid.phy.arrays import Symbols
from semvid.phy.block import BlockReceiver, Reception


class Air:
    """The channel for one transmission.

    Args:
        conditions: equal conditions give equal fading and noise, whoever sends.

    Attributes:
        blocks: bursts that crossed.
        crossed: symbols that the channel was applied to.
        waveform: in which they must be sent.
    """

    def __init__(self, conditions: Conditions) -> None:
        given = {"model": conditions.model, "snr_db": conditions.snr_db, "seed": conditions.seed}
        if conditions.coherence_symbols is not None:
            given["coherence_symbols"] = conditions.coherence_symbols
        self._conditions = ChannelConditions(**given, **conditions.more)  # type: ignore[arg-type]
        self._conditions.require(conditions.waveform)
        self.waveform = conditions.waveform
        self._power = PowerGuard()
        self.blocks = self.crossed = 0

    def cross(self, symbols: Symbols) -> Symbols:
        """Received symbols of the next burst, complex64[n].

        Raises:
            InvalidInput: more than unit mean power.
        """
        self._power.check(symbols)
        received = receive(symbols, self._conditions, self.blocks, self.crossed, self.waveform)
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


class InProcessLink:
    """A sender, the air, and whoever receives.

    Args:
        air: to cross; nothing else may use it.
        receive: takes a burst as it came in.
        mcs: row of a fixed modulation and coding scheme, or "auto".
        retransmissions: rounds of hybrid ARQ at most.

    Attributes:
        harq: the sender; it has sounded.
    """

    def __init__(
        self,
        air: Air,
        receive: Callable[[Symbols], Reception],
        mcs: int | Literal["auto"] = "auto",
        retransmissions: int = RETRANSMISSIONS,
    ) -> None:
        self.harq = HarqSender(mcs, retransmissions, air.waveform)
        self._air, self._receive = air, receive
        self._cross(self.harq.sound())

    @property
    def bulk_limit_bytes(self) -> int:
        """Largest bulk payload at the present modulation and coding."""
        return self.harq.adapter.bulk_limit_bytes()

    def ship(self, blocks: Iterable[BlockPayload], most_symbols: float = math.inf) -> Delivery:
        """Sends blocks until they arrived or are given up; see `HarqSender.ship`."""
        self.harq.ship(blocks, most_symbols)
        while (burst := self.harq.next_burst()) is not None:
            self._cross(burst)
        return self.harq.delivery

    def _cross(self, burst: Symbols) -> None:
        self.harq.report(BlockReport.of(self._receive(self._air.cross(burst))))


class ByteLink:
    """Sends bytes in bulk transport blocks, as the transmitter sends keyframes, and receives them.

    Args:
        air, mcs, retransmissions: see `InProcessLink`.

    Attributes:
        ledger: every symbol by class; payload counts as `SymbolClass.KEYFRAME`, coded pictures.
    """

    def __init__(
        self, air: Air, mcs: int | Literal["auto"] = "auto", retransmissions: int = RETRANSMISSIONS
    ) -> None:
        self._receiver = BlockReceiver(air.waveform)
        self._received: bytes | None = None
        self._link = InProcessLink(air, self._receive, mcs, retransmissions)
        self.ledger = self._link.harq.record.ledger

    @property
    def mcs(self) -> dict[str, int]:
        """How many blocks used each modulation and coding scheme."""
        return dict(self._link.harq.record.mcs[SymbolClass.KEYFRAME])

    def send_stream(self, stream: bytes, block_bytes: int | None = None) -> Arrival:
        """Sends ``stream`` in blocks of at most ``block_bytes``; None: as large as the link allows."""
        parts: list[bytes] = []
        lost: list[tuple[int, int]] = []
        start = blocks_lost = 0
        while start < len(stream):
            limit = self._link.bulk_limit_bytes
            payload = stream[start : start + min(block_bytes or limit, limit)]
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
        self._link.ship([BlockPayload(bulk=Payload(payload, {SymbolClass.KEYFRAME: 8 * len(payload)}))])
        return self._received

    def _receive(self, burst: Symbols) -> Reception:
        reception = self._receiver.receive(burst)
        self._received = reception.bulk
        return reception
