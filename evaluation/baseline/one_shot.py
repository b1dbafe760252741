"""A stream of bytes in bursts that are sent once: no return path, nothing repeated.

What is compared in the literature of joint source-channel coding. Transport blocks, control words and pilots
are those of the services; only the hybrid ARQ is left out.
"""

from dataclasses import dataclass
from itertools import pairwise

from evaluation.link import Air, verified
from semvid.accounting import Ledger, SymbolClass
from semvid.phy.block import Block, BlockReceiver, TransportBlock, burst_sizes, modulate
from semvid.phy.control_word import MAX_BULK_BYTES, PROCESSES, symbols_at
from semvid.phy.layout import MAX_BLOCK_SYMBOLS, total_symbols
from semvid.phy.mcs import Mcs
from semvid.phy.transport_block import symbols_for


@dataclass(frozen=True, slots=True)
class Bursts:
    """What all bursts of a stream have in common.

    Attributes:
        mcs: modulation and coding of the payload.
        aggregation: level of the control words (`semvid.phy.control_word`).
        pilot_spacing: one of `semvid.phy.layout.PILOT_SPACINGS`.
    """

    mcs: Mcs
    aggregation: int
    pilot_spacing: int


@dataclass(frozen=True, slots=True)
class OneShot:
    """What became of a stream.

    Attributes:
        data: as received; None where a block was lost, without which no picture code can go on.
        symbols: channel uses by class of the ledger, checked against what crossed.
        blocks, blocks_lost: bursts.
    """

    data: bytes | None
    symbols: dict[str, int]
    blocks: int
    blocks_lost: int


def send(stream: bytes, bursts: Bursts, air: Air) -> OneShot:
    """Sends ``stream``, at least 1 byte, in bursts of equal size, as few as can be."""
    ledger = Ledger()
    parts = send_parts(stream, bursts, air, ledger, SymbolClass.KEYFRAME)
    arrived = [part for part in parts if part is not None]
    data = b"".join(arrived) if len(arrived) == len(parts) else None
    return OneShot(data, verified(ledger.symbols, air), len(parts), len(parts) - len(arrived))


def send_parts(
    stream: bytes, bursts: Bursts, air: Air, ledger: Ledger, purpose: SymbolClass
) -> list[bytes | None]:
    """What arrived of each burst; symbols go into ``ledger``, those of the payload as ``purpose``."""
    receiver = BlockReceiver()
    parts: list[bytes | None] = []
    for number, payload in enumerate(_blocks(stream, bursts)):
        transport_block = TransportBlock(payload, bursts.mcs)
        block = Block(number % PROCESSES, 0, None, transport_block, bursts.aggregation, bursts.pilot_spacing)
        sizes = burst_sizes(block)
        ledger.add(SymbolClass.PILOT, sizes.pilots)
        ledger.add(SymbolClass.CONTROL, sizes.control)
        ledger.add(purpose, sizes.bulk, 8 * len(payload))
        parts.append(receiver.receive(air.cross(modulate(block))).bulk)
    return parts


def channel_uses(size: int, bursts: Bursts) -> int:
    """Channel uses of a stream of so many bytes, everything counted."""
    parts = (end - start for start, end in pairwise(_ends(size, bursts)))
    return sum(total_symbols(_data_symbols(part, bursts), bursts.pilot_spacing) for part in parts)


def _blocks(stream: bytes, bursts: Bursts) -> list[bytes]:
    return [stream[start:end] for start, end in pairwise(_ends(len(stream), bursts))]


def _ends(size: int, bursts: Bursts) -> list[int]:
    """Where its blocks begin and end."""
    count = 1
    while not _fits(-(-size // count), bursts):
        count += 1
    share, longer = divmod(size, count)
    return [share * n + min(n, longer) for n in range(count + 1)]


def _fits(payload_bytes: int, bursts: Bursts) -> bool:
    if payload_bytes > MAX_BULK_BYTES:
        return False
    return total_symbols(_data_symbols(payload_bytes, bursts), bursts.pilot_spacing) <= MAX_BLOCK_SYMBOLS


def _data_symbols(payload_bytes: int, bursts: Bursts) -> int:
    return symbols_at(bursts.aggregation) + symbols_for(payload_bytes, bursts.mcs)
