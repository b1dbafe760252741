"""Who decodes sound: one Protocol, and its implementations by codec."""

from collections.abc import Callable
from typing import Final, Protocol

from semvid.errors import InvalidInput
from semvid.semantics import SoundCodec, SoundHeader
from semvid.sound.codec2 import PACKET_MS, Codec2Decoder, is_installed
from semvid.sound.opus import OpusDecoder
from semvid.sound.pcm import Pcm


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

    def conceal(self) -> Pcm:
        """What is heard where a packet is missing: int16 [samples, channels]."""


def _codec2(header: SoundHeader) -> SoundDecoder:
    if (header.packet_ms, header.channels) != (PACKET_MS, 1):
        raise InvalidInput(
            f"Codec 2 comes in packets of {PACKET_MS} ms and one channel, the sound header announces "
            f"{header.packet_ms} ms and {header.channels}"
        )
    return Codec2Decoder(header.bit_rate)


DECODERS: Final[dict[SoundCodec, Callable[[SoundHeader], SoundDecoder]]] = {
    SoundCodec.CODEC2: _codec2,
    SoundCodec.OPUS: lambda header: OpusDecoder(header.channels, header.packet_ms),
}
"""By codec: a decoder for a header. `InvalidInput`: a header that the codec does not know;
`MissingComponent`: a codec that is not installed."""


def decodable() -> list[SoundCodec]:
    """What can be decoded here, with what is installed."""
    return [codec for codec in DECODERS if codec is not SoundCodec.CODEC2 or is_installed()]
