"""Sound: that there is any, and its packets."""

from dataclasses import dataclass
from enum import StrEnum

from semvid.semantics.bounds import in_range

MAX_SOUND_PACKETS = 256  # in one unit
MAX_SOUND_PACKET_BYTES = 4_095
MAX_SOUND_PACKET_MS = 1_000
MAX_SOUND_NUMBER = 2**24  # of a packet: 93 hours of 20 ms


class SoundCodec(StrEnum):
    """What sound packets are coded with."""

    OPUS = "opus"  # RFC 6716
    CODEC2 = "codec2"  # speech at 700 to 3200 bit/s
    TEXT = "text"  # sentences, spoken by the receiver's own voice


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """That there is sound, and what its packets are. Sound begins with the first picture.

    Attributes:
        codec: of the packets.
        packet_ms: duration of every packet, milliseconds. Packet ``n`` is heard from ``n * packet_ms`` after
            the time stamp of frame 0 on.
        channels: 1 or 2.
        bit_rate: bit/s where the codec has fixed modes (`SoundCodec.CODEC2`); otherwise 0.
    """

    codec: SoundCodec
    packet_ms: int
    channels: int = 1
    bit_rate: int = 0

    def __post_init__(self) -> None:
        in_range("sound packet duration", self.packet_ms, 1, MAX_SOUND_PACKET_MS)
        in_range("sound channels", self.channels, 1, 2)
        in_range("sound bit rate", self.bit_rate, 0, 2**20)


@dataclass(frozen=True, slots=True)
class SoundPackets:
    """Consecutive sound packets.

    Attributes:
        first: number of the first one; packets count from 0 in time order.
        packets: as the codec made them; an empty one is digital silence (`SoundCodec.TEXT`: nothing begins).
    """

    first: int
    packets: tuple[bytes, ...]

    def __post_init__(self) -> None:
        in_range("sound packets of a unit", len(self.packets), 1, MAX_SOUND_PACKETS)
        in_range("sound packet number", self.first, 0, MAX_SOUND_NUMBER - len(self.packets))
        for packet in self.packets:
            in_range("sound packet bytes", len(packet), 0, MAX_SOUND_PACKET_BYTES)

    @property
    def stop(self) -> int:
        """One past the number of the last packet."""
        return self.first + len(self.packets)
