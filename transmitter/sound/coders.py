"""Who codes sound: one Protocol, and its implementations by codec."""

from collections.abc import Callable
from typing import Final, Protocol

from semvid.semantics import SoundCodec, SoundHeader
from semvid.sound.codec2 import Codec2Encoder
from semvid.sound.opus import OpusEncoder
from semvid.sound.pcm import Pcm


class SoundCoder(Protocol):
    """Codes sound packet by packet.

    Attributes:
        packet_samples: of one packet, at `semvid.sound.pcm.SAMPLE_RATE`.
    """

    packet_samples: int

    def encode(self, pcm: Pcm) -> bytes:
        """The packet of int16 [packet_samples, channels]; never empty."""


CODERS: Final[dict[SoundCodec, Callable[[SoundHeader, int], SoundCoder]]] = {
    SoundCodec.CODEC2: lambda header, _: Codec2Encoder(header.bit_rate),
    SoundCodec.OPUS: lambda header, bit_rate: OpusEncoder(bit_rate, header.channels, header.packet_ms),
}
"""By codec that codes packet by packet: a coder for a header and a mean bit rate, bit/s. Text is written by
`transmitter.sound.transcript`, which must hear a sentence to its end."""
