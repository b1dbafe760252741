"""One burst on the air: a control word and up to two transport blocks, as symbols and back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from semvid.errors import LimitExceeded
from semvid.phy import transport_block
from semvid.phy.arrays import Llrs, Symbols
from semvid.phy.channel_estimate import SNR_FLOOR_DB, ChannelEstimate, estimate_channel
from semvid.phy.control_word import (
    AGGREGATION_LEVELS,
    MAX_BULK_BYTES,
    ControlWord,
    Section,
    decode_control,
    modulate_control,
    symbols_at,
)
from semvid.phy.layout import (
    MAX_BLOCK_SYMBOLS,
    PREAMBLE_SYMBOLS,
    Layout,
    data_symbols_in,
    layout,
    total_symbols,
)
from semvid.phy.mcs import Mcs
from semvid.phy.pilots import SOUNDING_SYMBOLS, pilot_symbols
from semvid.phy.qam import demap, map_bits
from semvid.phy.sequences import descramble, scramble
from semvid.phy.transport_block import SoftTransportBlock

_PROTECTED_SCRAMBLING, _BULK_SCRAMBLING = 2, 3


@dataclass(frozen=True)
class TransportBlock:
    """A payload (at least 1 byte) and the MCS to send it with."""

    payload: bytes
    mcs: Mcs


@dataclass(frozen=True)
class Block:
    """What to send in one burst.

    Attributes:
        process: HARQ process 0..15, the semantic block's number mod 16.
        rv: 0: new data, the receiver starts a fresh soft buffer. 2, 3, 1 (in this order): retransmissions,
            combined with what the receiver has. Where the receiver did not even read the control word, send
            rv 0 again: later versions alone hold few of the information bits.
        protected: header, captions, motion; at most 1023 bytes; or None.
        bulk: keyframes; at most 8191 bytes; or None.
        aggregation: control word level, 1, 2, 4 or 8 times 64 QPSK symbols.
    """

    process: int
    rv: int
    protected: TransportBlock | None
    bulk: TransportBlock | None
    aggregation: int


@dataclass(frozen=True, slots=True)
class BurstSizes:
    """What the symbols of a burst are spent on.

    Attributes:
        pilots: known symbols, the preamble included.
        control, protected, bulk: data symbols by purpose.
    """

    pilots: int
    control: int
    protected: int
    bulk: int

    @property
    def total(self) -> int:
        """Symbols of the burst."""
        return self.pilots + self.control + self.protected + self.bulk


class TbState(Enum):
    """What became of a transport block; FAILED ones are kept for combining."""

    ABSENT = "absent"
    DECODED = "decoded"
    FAILED = "failed"


@dataclass(eq=False)
class Reception:
    """What the receiver made of one burst.

    Attributes:
        control: the control word, or None where it was not found; then both states are ABSENT.
        protected, bulk: payloads, None unless the state is DECODED.
        snr_db: mean received Es/N0, -30..60.
        effective_snr_db: the AWGN Es/N0 of equal mean capacity; lower than ``snr_db`` under fading.
        equalised: complex64[m], data symbols with the gain divided out: control, protected, bulk.
        sections: how many of ``equalised`` are control, protected and bulk symbols.
        sounding: the burst was a sounding.
    """

    control: ControlWord | None
    protected: bytes | None
    bulk: bytes | None
    protected_state: TbState
    bulk_state: TbState
    snr_db: float
    effective_snr_db: float
    equalised: Symbols
    sections: tuple[int, int, int]
    sounding: bool


def burst_sizes(block: Block) -> BurstSizes:
    """What `modulate` will make of ``block``, without making it."""
    protected, bulk = (
        transport_block.symbols_for(len(tb.payload), tb.mcs) if tb else 0
        for tb in (block.protected, block.bulk)
    )
    data = symbols_at(block.aggregation) + protected + bulk
    return BurstSizes(total_symbols(data) - data, symbols_at(block.aggregation), protected, bulk)


def bulk_capacity_bytes(mcs: Mcs, aggregation: int, protected: TransportBlock | None = None) -> int:
    """Largest bulk payload in bytes that still fits one burst; 0 where nothing fits."""

    def fits(size: int) -> bool:
        taken = symbols_at(aggregation) + transport_block.symbols_for(size, mcs)
        if protected is not None:
            taken += transport_block.symbols_for(len(protected.payload), protected.mcs)
        return total_symbols(taken) <= MAX_BLOCK_SYMBOLS

    low, high = 0, MAX_BULK_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _section(block: TransportBlock | None) -> Section | None:
    return Section(len(block.payload), block.mcs) if block is not None else None


def _modulate_section(block: TransportBlock | None, rv: int, scrambling: int) -> Symbols:
    if block is None:
        return np.empty(0, np.complex64)
    coded = transport_block.encode(block.payload, block.mcs, rv)
    return map_bits(scramble(coded, scrambling), block.mcs.qm)


def modulate(block: Block) -> Symbols:
    """The burst of a block, complex64[n] of unit average power.

    Raises:
        ValueError: a field out of range, an empty or too long payload, or no transport block at all.
        LimitExceeded: the burst would be longer than 65536 symbols.
    """
    word = ControlWord(block.process, block.rv, _section(block.protected), _section(block.bulk))
    total = burst_sizes(block).total
    if total > MAX_BLOCK_SYMBOLS:
        raise LimitExceeded(
            f"the physical layer sends at most {MAX_BLOCK_SYMBOLS} symbols in one block, this one takes "
            f"{total}; choose a higher MCS or a smaller payload"
        )
    control = modulate_control(word, block.aggregation)
    protected = _modulate_section(block.protected, block.rv, _PROTECTED_SCRAMBLING)
    bulk = _modulate_section(block.bulk, block.rv, _BULK_SCRAMBLING)
    data = np.concatenate([control, protected, bulk])
    places = layout(len(data))
    symbols = np.empty(places.total, np.complex64)
    symbols[places.pilots] = pilot_symbols(len(places.pilots))
    symbols[places.data] = data
    return symbols


@dataclass(eq=False)
class _Slot:
    """The soft buffer of one transport block slot: its newest HARQ process."""

    scrambling: int
    process: int | None = None
    soft: SoftTransportBlock | None = None

    def receive(self, section: Section, word: ControlWord, llrs: Llrs) -> bytes | None:
        known = self.soft
        if (
            known is None
            or word.rv == 0
            or self.process != word.process
            or (known.payload_bytes, known.mcs) != (section.payload_bytes, section.mcs)
        ):
            known = self.soft = SoftTransportBlock(section.payload_bytes, section.mcs)
            self.process = word.process
        known.combine(descramble(llrs, self.scrambling), word.rv)
        return known.decode()


class BlockReceiver:
    """Receives the bursts of one transmission and holds their soft buffers (one process per slot)."""

    def __init__(self) -> None:
        self._protected = _Slot(_PROTECTED_SCRAMBLING)
        self._bulk = _Slot(_BULK_SCRAMBLING)

    def receive(self, symbols: Symbols) -> Reception:
        """Receives one burst.

        Whatever the symbols hold (noise, NaN, zeros, any number of them), the worst outcome is
        ``control=None``. Symbols that are not finite count as erased.

        Args:
            symbols: complex64[n].

        Raises:
            ValueError: not a one-dimensional complex64 array, or longer than 65536 symbols.
        """
        if symbols.dtype != np.complex64 or symbols.ndim != 1 or len(symbols) > MAX_BLOCK_SYMBOLS:
            raise ValueError(
                f"a burst is complex64[n] with n <= {MAX_BLOCK_SYMBOLS}, got {symbols.dtype}{symbols.shape}"
            )
        received = np.where(np.isfinite(symbols), symbols, 0).astype(np.complex128)
        level = float(np.sqrt(np.mean(np.abs(received) ** 2))) if len(received) else 0.0
        if level == 0.0 or len(received) < PREAMBLE_SYMBOLS:
            return _nothing(SNR_FLOOR_DB)
        received /= level
        data_symbols = data_symbols_in(len(received))
        if len(received) == SOUNDING_SYMBOLS or data_symbols is None:
            return _pilots_only(received)
        return self._receive_block(received, layout(data_symbols))

    def _receive_block(self, received: NDArray[np.complex128], places: Layout) -> Reception:
        pilots = pilot_symbols(len(places.pilots))
        found = _find_control(received, places, pilots)
        if isinstance(found, ChannelEstimate):
            return _nothing(found.snr_db, found.effective_snr_db(places.data))
        word, aggregation = found
        sections = _section_symbols(word, aggregation)
        control, protected, bulk = np.split(places.data, np.cumsum(sections)[:-1])

        known = np.concatenate([places.pilots, control])
        values = np.concatenate([pilots, modulate_control(word, aggregation)])
        order = np.argsort(known)
        qm = np.zeros(places.total, np.int8)
        for positions, section in ((protected, word.protected), (bulk, word.bulk)):
            qm[positions] = section.mcs.qm if section else 0
        channel = estimate_channel(received, known[order], values[order], qm)

        reception = _nothing(channel.snr_db, channel.effective_snr_db(places.data))
        reception.control, reception.sections = word, sections
        reception.equalised, noise = channel.equalise(received, places.data)
        ends = np.cumsum(sections)
        if word.protected is not None:
            part = slice(ends[0], ends[1])
            llrs = demap(reception.equalised[part], noise[part], word.protected.mcs.qm)
            reception.protected = self._protected.receive(word.protected, word, llrs)
            reception.protected_state = _state(reception.protected)
        if word.bulk is not None:
            part = slice(ends[1], ends[2])
            llrs = demap(reception.equalised[part], noise[part], word.bulk.mcs.qm)
            reception.bulk = self._bulk.receive(word.bulk, word, llrs)
            reception.bulk_state = _state(reception.bulk)
        return reception


def _state(payload: bytes | None) -> TbState:
    return TbState.FAILED if payload is None else TbState.DECODED


def _section_symbols(word: ControlWord, aggregation: int) -> tuple[int, int, int]:
    """Symbols of control word, protected and bulk transport block that a control word implies."""
    protected, bulk = (
        transport_block.symbols_for(section.payload_bytes, section.mcs) if section else 0
        for section in (word.protected, word.bulk)
    )
    return symbols_at(aggregation), protected, bulk


def _find_control(
    received: NDArray[np.complex128], places: Layout, pilots: Symbols
) -> tuple[ControlWord, int] | ChannelEstimate:
    """The control word and its level, found by trial; without success the channel as the pilots show it."""
    qm = np.zeros(places.total, np.int8)
    qm[places.data[: symbols_at(1)]] = 2
    channel = estimate_channel(received, places.pilots, pilots, qm)
    largest = places.data[: symbols_at(AGGREGATION_LEVELS[-1])]
    equalised, noise = channel.equalise(received, largest)
    llrs = demap(equalised, noise, qm=2)
    for aggregation in AGGREGATION_LEVELS:
        if symbols_at(aggregation) > len(largest):
            break
        word = decode_control(llrs[: 2 * symbols_at(aggregation)])
        if word is not None and sum(_section_symbols(word, aggregation)) == len(places.data):
            return word, aggregation
    return channel


def _nothing(snr_db: float, effective_snr_db: float | None = None) -> Reception:
    return Reception(
        control=None,
        protected=None,
        bulk=None,
        protected_state=TbState.ABSENT,
        bulk_state=TbState.ABSENT,
        snr_db=snr_db,
        effective_snr_db=snr_db if effective_snr_db is None else effective_snr_db,
        equalised=np.empty(0, np.complex64),
        sections=(0, 0, 0),
        sounding=False,
    )


def _pilots_only(received: NDArray[np.complex128]) -> Reception:
    """A sounding, or a burst of a length that cannot be: of the latter only the preamble is known."""
    is_sounding = len(received) == SOUNDING_SYMBOLS
    known = SOUNDING_SYMBOLS if is_sounding else PREAMBLE_SYMBOLS
    positions = np.arange(known, dtype=np.int32)
    qm = np.zeros(known, np.int8)
    channel = estimate_channel(received[:known], positions, pilot_symbols(known), qm)
    reception = _nothing(channel.snr_db, channel.effective_snr_db(positions))
    reception.sounding = is_sounding
    return reception
