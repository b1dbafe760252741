"""Sound packets as the pictures advance."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Final

import numpy as np

from semvid.accounting import SymbolClass
from semvid.errors import MissingComponent
from semvid.link.record import LinkRecord
from semvid.semantics import SoundCodec, SoundPackets
from semvid.sound.pcm import Pcm, fitted, silence
from transmitter.sound.coders import CODERS, SoundCoder
from transmitter.sound.plan import Decision, SoundPlan
from transmitter.sound.speech.transcriber import Transcriber
from transmitter.sound.transcript import sentence_packets

_AHEAD_S: Final = 0.1  # of the last picture: it is shown for a while


class SoundSender:
    """Reads and codes sound up to where it is asked for, in units of a fixed number of packets.

    Sound is read lazily: no more than a unit is ahead of the pictures (of text also the window in which its
    last sentence ends), so that memory does not grow, and units do not become small where shipments are
    short.

    Args:
        plan: of the sound.
        pcm: `semvid.sound.track.read_sound` of the source, mixed to the channels of the plan.
        transcriber: writes it down, where the plan is `SoundCodec.TEXT`.

    Attributes:
        seconds: of sound sent so far.

    Raises:
        MissingComponent: text without a transcriber.
    """

    def __init__(self, plan: SoundPlan, pcm: Iterator[Pcm], transcriber: Transcriber | None = None) -> None:
        self.plan = plan
        self.seconds = 0.0
        self._coded = _packets(plan, pcm, transcriber)
        self._packets = 0
        self._ended = False

    @property
    def symbols_put_aside(self) -> float:
        """By the plan, for what was sent so far."""
        return self.plan.put_aside_per_s * self.seconds

    def until(self, seconds: float) -> Generator[SoundPackets, None, None]:
        """What is to be sent to hear the first ``seconds`` of the video; infinity: all that is left."""
        packet_s = self.plan.header.packet_ms / 1000
        while not self._ended and self._packets * packet_s <= seconds + _AHEAD_S:
            packets = []
            for packet in self._coded:
                packets.append(packet)
                if len(packets) == self.plan.unit_packets:
                    break
            else:
                self._ended = True
            if packets:
                unit = SoundPackets(self._packets, tuple(packets))
                self._packets = unit.stop
                self.seconds = self._packets * packet_s
                yield unit


def _packets(plan: SoundPlan, pcm: Iterator[Pcm], transcriber: Transcriber | None) -> Iterator[bytes]:
    if plan.header.codec is not SoundCodec.TEXT:
        coder = CODERS[plan.header.codec](plan.header, plan.bit_rate)
        return _coded(coder, _packet_sized(pcm, coder.packet_samples, plan.header.channels))
    if transcriber is None:
        raise MissingComponent("sound as text needs a speech model; set SEMVID_TRANSMITTER_SPEECH_MODEL")
    return sentence_packets(pcm, transcriber)


def _coded(coder: SoundCoder, chunks: Iterator[Pcm]) -> Iterator[bytes]:
    """Packets; empty where sound was digitally silent for so long that the coder holds nothing else."""
    was_silent = False
    for chunk in chunks:
        silent = not np.any(chunk)
        yield b"" if silent and was_silent else coder.encode(chunk)
        was_silent = silent


def _packet_sized(pcm: Iterator[Pcm], size: int, channels: int) -> Iterator[Pcm]:
    held = silence(0, channels)
    for chunk in pcm:
        held = np.concatenate([held, chunk])
        whole = len(held) // size * size
        for first in range(0, whole, size):
            yield held[first : first + size]
        held = held[whole:]
    if len(held):
        yield fitted(held, size)


def resource(decision: Decision, sender: SoundSender | None, link: LinkRecord) -> dict[str, Any]:
    """What was chosen, and what it cost so far, for reports."""
    plan = decision.plan
    if plan is None or sender is None:
        return {"codec": "none", "reason": decision.reason}
    total = max(1, link.ledger.total_symbols)
    return {
        "codec": plan.header.codec.value,
        "reason": decision.reason,
        "bit_rate": plan.bit_rate,
        "channels": plan.header.channels,
        "packet_ms": plan.header.packet_ms,
        "seconds": round(sender.seconds, 3),
        "bits": link.ledger.bits[SymbolClass.SOUND],
        "symbols": link.sound_symbols,
        "share": round(link.sound_symbols / total, 4),
        "blocks_lost": link.sound_blocks_lost,
    }
