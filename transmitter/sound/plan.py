"""Which sound is sent: the codec, its rate, and what that costs.

Where a CBR is to be met, sound may take a quarter of its symbols; the richest that fits is taken, of Opus and
below it of Codec 2, where both ends have it. Otherwise it is `USUAL_RATE`. Mono up to 12 kbit/s: there a
second channel would take bits that the first one needs (docs/sound.md). Text only where it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from semvid.errors import InvalidInput
from semvid.options import SoundChoice, TransmissionOptions
from semvid.phy.adaptation import LinkAdapter
from semvid.semantics import SoundCodec, SoundHeader
from semvid.sound import sentence
from semvid.sound.codec2 import PACKET_MS, is_installed
from semvid.sound.track import TrackInfo
from semvid.video.probe import SourceInfo

# Bit/s. Left out is what is understood no better than a lower rate: 9000, 1400, 1300 (results/sound.md).
OPUS_RATES: Final = (24_000, 20_000, 16_000, 12_000, 8_000, 6_000)
CODEC2_RATES: Final = (3_200, 2_400, 1_600, 1_200, 700)
TEXT_RATE: Final = 64  # dialogue: 13 characters a second at 4.2 bits, times, and what a unit takes
USUAL_RATE: Final = {1: 12_000, 2: 16_000}
"""Bit/s where no CBR is asked, by channels of the source."""

LARGEST_SHARE: Final = 0.25
"""Of the target CBR that sound takes unasked."""

_MONO_UP_TO: Final = 12_000  # bit/s
_LONG_PACKETS_UP_TO: Final = 12_000  # bit/s; there one TOC byte in 20 ms is 3 % and more
_UNIT_BYTES: Final = 1_500  # a block of its own costs as much as 15 of them
_LONGEST_UNIT_S, _SHORTEST_UNIT_S = 4.0, 1.0  # of sound that is lost with a block
_TEXT_UNIT_S: Final = 8.0  # of text that is: its blocks are small however long they last
_FRAMING: Final = 1.02  # `semvid.sound_payload` on top of the packets


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """Sound as it will be sent.

    Attributes:
        header: for the receiver.
        bit_rate: mean of the packets, bit/s.
        unit_packets: that travel together.
        symbols_per_s: that its bit rate takes: what the link charges when it is planned.
        tried_symbols_per_s: that this sound was seen to take; None: nobody tried.
    """

    header: SoundHeader
    bit_rate: int
    unit_packets: int
    symbols_per_s: float
    tried_symbols_per_s: float | None = None

    @property
    def put_aside_per_s(self) -> float:
        """Symbols that pictures leave to a second of it."""
        return self.symbols_per_s if self.tried_symbols_per_s is None else self.tried_symbols_per_s

    @classmethod
    def opus(cls, bit_rate: int, source_channels: int, adapter: LinkAdapter) -> SoundPlan:
        """Opus at ``bit_rate`` bit/s over the link as it is."""
        channels = 1 if bit_rate <= _MONO_UP_TO else min(source_channels, 2)
        packet_ms = 60 if bit_rate <= _LONG_PACKETS_UP_TO else 20
        return cls.of(SoundHeader(SoundCodec.OPUS, packet_ms, channels), bit_rate, adapter)

    @classmethod
    def codec2(cls, bit_rate: int, adapter: LinkAdapter) -> SoundPlan:
        """Codec 2 at ``bit_rate`` bit/s over the link as it is."""
        return cls.of(SoundHeader(SoundCodec.CODEC2, PACKET_MS, 1, bit_rate), bit_rate, adapter)

    @classmethod
    def text(cls, adapter: LinkAdapter) -> SoundPlan:
        """Sentences over the link as it is."""
        return cls.of(SoundHeader(SoundCodec.TEXT, sentence.PACKET_MS), TEXT_RATE, adapter)

    @classmethod
    def of(cls, header: SoundHeader, bit_rate: int, adapter: LinkAdapter) -> SoundPlan:
        """Packets of ``header`` at a mean of ``bit_rate`` bit/s over the link as it is."""
        longest_s = _TEXT_UNIT_S if header.codec is SoundCodec.TEXT else _LONGEST_UNIT_S
        unit_s = min(longest_s, max(_SHORTEST_UNIT_S, 8 * _UNIT_BYTES / bit_rate))
        packets = round(1000 * unit_s / header.packet_ms)
        unit_bytes = round(_FRAMING * bit_rate * packets * header.packet_ms / 8000)
        blocks = -(-unit_bytes // adapter.sound_limit_bytes())
        symbols = blocks * adapter.sound_symbols(-(-unit_bytes // blocks))
        return cls(header, bit_rate, packets, 1000 * symbols / (packets * header.packet_ms))


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the sound.

    Attributes:
        plan: None where none is sent.
        reason: in words.
    """

    plan: SoundPlan | None
    reason: str


def decide(
    options: TransmissionOptions,
    track: TrackInfo,
    source: SourceInfo,
    adapter: LinkAdapter,
    receivable: Collection[SoundCodec],
) -> Decision:
    """Chooses; see the module's text.

    Args:
        options: of the transmission, which does not ask for silence.
        track: the source's sound.
        source: its pictures.
        adapter: that has observed the link.
        receivable: codecs that the receiver decodes.

    Raises:
        InvalidInput: sound was asked for, and takes all of the target CBR at its lowest rate, or the receiver
            cannot decode it.
    """
    plans = _plans(options.sound, track, adapter, receivable)
    if not plans:
        remedy = "install it there"
        if options.sound is SoundChoice.TEXT:
            remedy = "give it a voice there by SEMVID_RECEIVER_VOICE_MODEL"
        raise InvalidInput(
            f"option sound: the receiver cannot decode {options.sound}; {remedy}, or ask for auto"
        )
    if options.target_cbr is None:
        usual = USUAL_RATE[min(track.channels, 2)]
        plan = next((plan for plan in plans if plan.bit_rate <= usual), plans[-1])
        asked = options.sound is SoundChoice.TEXT
        return Decision(plan, "asked for" if asked else "no CBR to meet: the usual rate")
    budget = options.target_cbr * 3 * source.width * source.height * float(source.frame_rate)
    for plan in plans:
        if plan.symbols_per_s <= LARGEST_SHARE * budget:
            return Decision(plan, f"the richest that takes a quarter of {budget:,.0f} symbols/s at most")
    least = plans[-1]
    takes = (
        f"{least.header.codec.value.capitalize()} at {least.bit_rate / 1000:g} kbit/s takes "
        f"{least.symbols_per_s:,.0f} of {budget:,.0f} symbols/s"
    )
    if options.sound is SoundChoice.AUTO:
        return Decision(None, f"{takes}, more than a quarter")
    if least.symbols_per_s >= budget:
        raise InvalidInput(f"option sound: {takes}; ask for a higher target_cbr, or for sound none")
    return Decision(least, f"asked for; {takes}")


def _plans(
    choice: SoundChoice, track: TrackInfo, adapter: LinkAdapter, receivable: Collection[SoundCodec]
) -> list[SoundPlan]:
    """All that there is a choice of, the richest first."""
    plans = []
    if choice is SoundChoice.TEXT:  # never unasked: it is the words that are kept, nothing else
        return [SoundPlan.text(adapter)] if SoundCodec.TEXT in receivable else []
    if SoundCodec.OPUS in receivable and choice is not SoundChoice.CODEC2:
        plans += [SoundPlan.opus(rate, track.channels, adapter) for rate in OPUS_RATES]
    if SoundCodec.CODEC2 in receivable and is_installed() and choice is not SoundChoice.OPUS:
        plans += [SoundPlan.codec2(rate, adapter) for rate in CODEC2_RATES]
    return plans
