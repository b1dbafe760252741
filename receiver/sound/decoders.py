"""Who decodes sound: one Protocol, and its implementations by codec."""

from collections.abc import Callable
from typing import Final, Protocol

from semvid.semantics import SoundCodec, SoundHeader
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


DECODERS: Final[dict[SoundCodec, Callable[[SoundHeader], SoundDecoder]]] = {
    SoundCodec.OPUS: lambda header: OpusDecoder(header.channels, header.packet_ms),
}
"""By codec: a decoder for a header. `InvalidInput`: a header that the codec does not know;
`MissingComponent`: a codec that is not installed."""
