"""One burst on the air: a control word and up to two transport blocks, as symbols and back.

In the place of the second there may be symbols that carry no bits (`semvid.phy.analogue`).
"""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from semvid.errors import LimitExceeded
from semvid.phy import transport_block
from semvid.phy.analogue import AnalogueBlock, AnalogueReception, AnalogueSlot
from semvid.phy.arrays import Llrs, Reals, Symbols
from semvid.phy.channel_estimate import SNR_FLOOR_DB, ChannelEstimate
from semvid.phy.control_word import (
    AGGREGATION_LEVELS,
    AnalogueSection,
    ControlWord,
    Section,
    decode_control,
    modulate_control,
    symbols_at,
)
from semvid.phy.framing import SINGLE_CARRIER_FRAMING, Framing, framing_of
from semvid.phy.layout import DENSE_SPACING, MAX_BLOCK_SYMBOLS, PILOT_SPACINGS, PREAMBLE_SYMBOLS, Layout
from semvid.phy.mcs import Mcs
from semvid.phy.pilots import pilot_symbols
from semvid.phy.qam import demap, map_bits
from semvid.phy.realised_snr import BurstPower
from semvid.phy.sequences import descramble, scramble
from semvid.phy.transport_block import SoftTransportBlock
from semvid.waveform import SINGLE_CARRIER, Waveform

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
        protected: header, captions, time stamps; at most 1023 bytes; or None.
        bulk: keyframes; at most 8191 bytes, or symbols that carry none; or None.
        aggregation: level of the control word, see `semvid.phy.control_word.symbols_at`.
        pilot_spacing: of the scattered pilots, one of `semvid.phy.layout.PILOT_SPACINGS`. The sparse ones are
            for links that do not fade within a burst.
    """

    process: int
    rv: int
    protected: TransportBlock | None
    bulk: TransportBlock | AnalogueBlock | None
    aggregation: int
    pilot_spacing: int = DENSE_SPACING

    def __post_init__(self) -> None:
        if self.pilot_spacing not in PILOT_SPACINGS:
            raise ValueError(f"the pilot spacing is one of {PILOT_SPACINGS}, got {self.pilot_spacing}")


@dataclass(frozen=True, slots=True)
class BurstSizes:
    """What the symbols of a burst are spent on.

    Attributes:
        pilots: known symbols, the preamble included, and what a radio puts around the burst.
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
    """What the receiver made of one burst; by default nothing.

    Attributes:
        control: the control word, or None where it was not found; then both states are ABSENT.
        protected, bulk: payloads, None unless the state is DECODED. Symbols without bits have no payload, and
            count as DECODED when they are there.
        analogue: such symbols, handed over with the protected payload that says what they are; else None.
        snr_db: mean received Es/N0, -30..60.
        effective_snr_db: the AWGN Es/N0 of equal mean capacity; lower than ``snr_db`` under fading.
        power: what it measured for the SNR of the whole transmission.
        gain_power: float32[n], estimated ``|h|**2`` of every symbol; empty where the burst was not read.
        equalised: complex64[m], data symbols with the gain divided out: control, protected, bulk.
        sections: how many of ``equalised`` are control, protected and bulk symbols.
        sounding: the burst was a sounding.
    """

    control: ControlWord | None = None
    protected: bytes | None = None
    bulk: bytes | None = None
    analogue: AnalogueReception | None = None
    protected_state: TbState = TbState.ABSENT
    bulk_state: TbState = TbState.ABSENT
    snr_db: float = SNR_FLOOR_DB
    effective_snr_db: float = SNR_FLOOR_DB
    power: BurstPower = field(default_factory=BurstPower)
    gain_power: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    equalised: Symbols = field(default_factory=lambda: np.empty(0, np.complex64))
    sections: tuple[int, int, int] = (0, 0, 0)
    sounding: bool = False


def burst_sizes(block: Block, framing: Framing = SINGLE_CARRIER_FRAMING) -> BurstSizes:
    """What `modulate` will make of ``block``, without making it."""
    sections = _section_symbols(_section(block.protected), _bulk_section(block.bulk), block.aggregation)
    total = framing.total_symbols(sum(sections), block.pilot_spacing)
    return BurstSizes(total - sum(sections), *sections)


def _section(block: TransportBlock | None) -> Section | None:
    return Section(len(block.payload), block.mcs) if block is not None else None


def _bulk_section(block: TransportBlock | AnalogueBlock | None) -> Section | AnalogueSection | None:
    return AnalogueSection(len(block.symbols)) if isinstance(block, AnalogueBlock) else _section(block)


def _modulate_section(block: TransportBlock | None, rv: int, scrambling: int) -> Symbols:
    if block is None:
        return np.empty(0, np.complex64)
    coded = transport_block.encode(block.payload, block.mcs, rv)
    return map_bits(scramble(coded, scrambling), block.mcs.qm)


def modulate(block: Block, framing: Framing = SINGLE_CARRIER_FRAMING) -> Symbols:
    """The burst of a block, complex64[n] of unit average power.

    Raises:
        ValueError: a field out of range, an empty or too long payload, or no transport block at all.
        LimitExceeded: the burst would be longer than 65536 symbols.
    """
    word = ControlWord(block.process, block.rv, _section(block.protected), _bulk_section(block.bulk))
    total = burst_sizes(block, framing).total
    if total > MAX_BLOCK_SYMBOLS:  # with what a radio puts around it
        raise LimitExceeded(
            f"the physical layer sends at most {MAX_BLOCK_SYMBOLS} symbols in one block, this one takes "
            f"{total}; choose a higher MCS or a smaller payload"
        )
    control = modulate_control(word, block.aggregation)
    protected = _modulate_section(block.protected, block.rv, _PROTECTED_SCRAMBLING)
    if isinstance(block.bulk, AnalogueBlock):
        bulk = block.bulk.symbols
    else:
        bulk = _modulate_section(block.bulk, block.rv, _BULK_SCRAMBLING)
    data = np.concatenate([control, protected, bulk])
    places = framing.layout(len(data), block.pilot_spacing)
    symbols = np.empty(places.total, np.complex64)
    symbols[places.pilots] = pilot_symbols(len(places.pilots))
    symbols[places.data] = data
    return symbols


@dataclass(eq=False)
class _Slot:
    """The soft buffers of one transport block slot: its newest HARQ processes, ``window`` of them."""

    scrambling: int
    window: int = 1
    soft: dict[int, SoftTransportBlock] = field(default_factory=dict)

    def receive(self, section: Section, word: ControlWord, llrs: Llrs) -> bytes | None:
        known = self.soft.get(word.process)
        if known is None or word.rv == 0 or not known.takes(section.payload_bytes, section.mcs):
            self.soft.pop(word.process, None)
            known = self.soft[word.process] = SoftTransportBlock(section.payload_bytes, section.mcs)
            while len(self.soft) > self.window:
                del self.soft[next(iter(self.soft))]
        known.combine(descramble(llrs, self.scrambling), word.rv, section.mcs)
        return known.decode()


class BlockReceiver:
    """Receives the bursts of one transmission and holds their soft buffers.

    Args:
        waveform: how they were sent.
        window: bulk transport blocks that may be under way at once; of protected ones it is one.
    """

    def __init__(self, waveform: Waveform = SINGLE_CARRIER, window: int = 1) -> None:
        self._framing = framing_of(waveform)
        self._protected = _Slot(_PROTECTED_SCRAMBLING)
        self._bulk = _Slot(_BULK_SCRAMBLING, window)
        self._analogue = AnalogueSlot()

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
            return Reception()
        received /= level
        if len(received) == self._framing.sounding_symbols:
            return _pilots_only(received, level, self._framing)
        return self._receive_block(received, level)

    def _receive_block(self, received: NDArray[np.complex128], level: float) -> Reception:
        found = _find_control(received, level, self._framing)
        if isinstance(found, Reception):
            return found
        word, aggregation, places = found
        pilots = pilot_symbols(len(places.pilots))
        sections = _section_symbols(word.protected, word.bulk, aggregation)
        control, protected, bulk = np.split(places.data, np.cumsum(sections)[:-1])

        known = np.concatenate([places.pilots, control])
        values = np.concatenate([pilots, modulate_control(word, aggregation)])
        order = np.argsort(known)
        qm = np.zeros(places.total, np.int8)
        for positions, section in ((protected, word.protected), (bulk, word.bulk)):
            qm[positions] = section.mcs.qm if isinstance(section, Section) else 0
        channel = self._framing.estimate(received, known[order], values[order], qm)

        reception = Reception(word, sections=sections)
        reception.equalised, noise = channel.equalise(received, places.data)
        ends = np.cumsum(sections)
        sent = np.zeros(places.total, np.complex64)
        sent[known] = values
        self._keep_analogue(word, reception, noise[ends[1] :])
        if word.protected is not None:
            part = slice(ends[0], ends[1])
            llrs = demap(reception.equalised[part], noise[part], word.protected.mcs.qm)
            reception.protected = self._protected.receive(word.protected, word, llrs)
            reception.protected_state = _state(reception.protected)
            if reception.protected is not None:
                sent[protected] = _sent(reception.protected, word.protected, word.rv, _PROTECTED_SCRAMBLING)
                if channel.stretches == 1:
                    channel = channel.confirmed(received, protected, sent[protected])
                reception.analogue = self._analogue.take(word.process)
        if isinstance(word.bulk, Section):
            part = slice(ends[1], ends[2])
            llrs = demap(reception.equalised[part], noise[part], word.bulk.mcs.qm)
            reception.bulk = self._bulk.receive(word.bulk, word, llrs)
            reception.bulk_state = _state(reception.bulk)
            if reception.bulk is not None:
                sent[bulk] = _sent(reception.bulk, word.bulk, word.rv, _BULK_SCRAMBLING)
                if channel.stretches == 1:
                    channel = channel.confirmed(received, bulk, sent[bulk])
        reception.power = BurstPower.measure(received, sent, level)
        reception.gain_power = _gain_power(channel, level)
        reception.snr_db = channel.snr_db
        reception.effective_snr_db = channel.effective_snr_db(places.data)
        return reception

    def _keep_analogue(self, word: ControlWord, reception: Reception, no: Reals) -> None:
        """Keeps symbols that carry no bits, the last of the burst, whose noise is ``no``."""
        if isinstance(word.bulk, AnalogueSection):
            symbols = reception.equalised[-word.bulk.symbols :]
            self._analogue.begin(word.process, AnalogueReception(symbols, no))
            reception.bulk_state = TbState.DECODED
        elif word.rv == 0:
            self._analogue.begin(word.process, None)


def _gain_power(channel: ChannelEstimate, level: float) -> NDArray[np.float32]:
    """``|h|**2`` of every symbol, on the scale of what was received."""
    power: NDArray[np.float32] = (np.abs(channel.gain) ** 2 * level**2).astype(np.float32)
    return power


def _sent(payload: bytes, section: Section, rv: int, scrambling: int) -> Symbols:
    """Symbols of a transport block that was decoded."""
    return _modulate_section(TransportBlock(payload, section.mcs), rv, scrambling)


def _state(payload: bytes | None) -> TbState:
    return TbState.FAILED if payload is None else TbState.DECODED


def _section_symbols(
    protected: Section | None, bulk: Section | AnalogueSection | None, aggregation: int
) -> tuple[int, int, int]:
    """Symbols of control word, protected and bulk transport block."""

    def symbols_of(section: Section | AnalogueSection | None) -> int:
        if isinstance(section, AnalogueSection):
            return section.symbols
        return transport_block.symbols_for(section.payload_bytes, section.mcs) if section else 0

    return symbols_at(aggregation), symbols_of(protected), symbols_of(bulk)


def _find_control(
    received: NDArray[np.complex128], level: float, framing: Framing
) -> tuple[ControlWord, int, Layout] | Reception:
    """The control word, its level and the layout, found by trial.

    Without success, how strong the pilots of the likelier layout came in.
    """
    nothing: Reception | None = None
    for places in framing.candidates(received):
        qm = np.zeros(places.total, np.int8)
        # where the level is lower, the few symbols of another modulation do less harm than others do good
        qm[places.data[: symbols_at(AGGREGATION_LEVELS[1])]] = 2
        channel = framing.estimate(received, places.pilots, pilot_symbols(len(places.pilots)), qm)
        found = _control_in(received, places, channel, framing)
        if found is not None:
            return found
        nothing = nothing or Reception(
            snr_db=channel.snr_db,
            effective_snr_db=channel.effective_snr_db(places.data),
            power=_pilots_only(received, level, framing).power,
        )
    return nothing or _pilots_only(received, level, framing)


def _control_in(
    received: NDArray[np.complex128], places: Layout, channel: ChannelEstimate, framing: Framing
) -> tuple[ControlWord, int, Layout] | None:
    """The control word, its level and the true layout in a burst that this layout may fit."""
    largest = places.data[: symbols_at(AGGREGATION_LEVELS[-1])]
    equalised, noise = channel.equalise(received, largest)
    llrs = demap(equalised, noise, qm=2)
    for aggregation in AGGREGATION_LEVELS:
        if symbols_at(aggregation) > len(largest):
            break
        word = decode_control(llrs[: 2 * symbols_at(aggregation)])
        if word is not None:
            data_symbols = sum(_section_symbols(word.protected, word.bulk, aggregation))
            announced = framing.announced(places, data_symbols)
            if announced is not None:
                return word, aggregation, announced
    return None


def _pilots_only(received: NDArray[np.complex128], level: float, framing: Framing) -> Reception:
    """A sounding, or a burst of which no more is known than how it begins."""
    is_sounding = len(received) == framing.sounding_symbols
    known = framing.sounding_symbols if is_sounding else framing.preamble_symbols
    sent = np.zeros(len(received), np.complex64)
    sent[:known] = pilot_symbols(known)
    reception = Reception(power=BurstPower.measure(received, sent, level), sounding=is_sounding)
    if known:
        positions = np.arange(known, dtype=np.int32)
        channel = framing.estimate(received[:known], positions, sent[:known], np.zeros(known, np.int8))
        reception.snr_db = channel.snr_db
        reception.effective_snr_db = channel.effective_snr_db(positions)
        if is_sounding:
            reception.gain_power = _gain_power(channel, level)
    return reception
