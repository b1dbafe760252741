"""Who decodes sound: one Protocol, and its implementations by codec."""

from collections.abc import Callable
from typing import Final, Protocol

from receiver.sound.speaker import SpokenText
from receiver.sound.voices.voice import Voice
from semvid.errors import InvalidInput, MissingComponent
from semvid.semantics import SoundCodec, SoundHeader
from semvid.sound.codec2 import PACKET_MS, Codec2Decoder, is_installed
from semvid.sound.opus import OpusDecoder
from semvid.sound.pcm import Pcm
from semvid.sound.sentence import PACKET_MS as SENTENCE_MS


class SoundDecoder(Protocol):
    """Decodes sound packet by packet, every one of them once: decoded, or concealed.

    Attributes:
        look_ahead: samples by which the first sound is shorter than its packet; the coder looked ahead.
    """

    look_ahead: int

    def decode(self, packet: bytes) -> Pcm:
        """The sound of a packet: int16 [samples, channels] at `semvid.sound.pcm.SAMPLE_RATE`.

        Raises:
            MalformedUnits: the bytes are no packet of this kind.
        """

    def silent(self) -> Pcm:
        """What is heard during an empty packet: int16 [samples, channels]."""

    def conceal(self) -> Pcm:
        """What is heard where a packet is missing: int16 [samples, channels]."""


def _codec2(header: SoundHeader, _: Voice | None) -> SoundDecoder:
    if (header.packet_ms, header.channels) != (PACKET_MS, 1):
        raise InvalidInput(
            f"Codec 2 comes in packets of {PACKET_MS} ms and one channel, the sound header announces "
            f"{header.packet_ms} ms and {header.channels}"
        )
    return Codec2Decoder(header.bit_rate)


def _text(header: SoundHeader, voice: Voice | None) -> SoundDecoder:
    if voice is None:
        raise MissingComponent(
            "sound came as text and this receiver has no voice; set SEMVID_RECEIVER_VOICE_MODEL, for example "
            "to hf:facebook/mms-tts-eng or espeak"
        )
    if (header.packet_ms, header.channels, header.bit_rate) != (SENTENCE_MS, 1, 0):
        raise InvalidInput(
            f"text comes in packets of {SENTENCE_MS} ms, one channel and no bit rate, the sound header "
            f"announces {header.packet_ms} ms, {header.channels} and {header.bit_rate}"
        )
    return SpokenText(voice)


DECODERS: Final[dict[SoundCodec, Callable[[SoundHeader, Voice | None], SoundDecoder]]] = {
    SoundCodec.CODEC2: _codec2,
    SoundCodec.OPUS: lambda header, _: OpusDecoder(header.channels, header.packet_ms),
    SoundCodec.TEXT: _text,
}
"""By codec: a decoder for a header, and the voice that reads text. `InvalidInput`: a header that the codec
does not know; `MissingComponent`: a codec that is not installed, or no voice."""


def decodable(voice: Voice | None) -> list[SoundCodec]:
    """What can be decoded here, with what is installed and this voice."""
    needs = {SoundCodec.CODEC2: is_installed(), SoundCodec.TEXT: voice is not None}
    return [codec for codec in DECODERS if needs.get(codec, True)]
