"""Opus (RFC 6716), by libopus, one packet at a time."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.packet import Packet

from semvid.errors import MalformedUnits
from semvid.sound.pcm import LAYOUTS, SAMPLE_RATE, Pcm, fitted, silence

LOOK_AHEAD: Final = 312
"""Samples by which libopus' encoder looks ahead, at any rate."""

_CONCEALED_MS: Final = 20  # at a time
_BEFORE_ANY: Final = 9  # SILK, wideband, 20 ms: of what is concealed before any packet came
_HYBRID_FROM, _CELT_FROM = 12, 16  # configuration numbers (RFC 6716, 3.1)


class OpusEncoder:
    """Codes sound at a variable bit rate.

    Args:
        bit_rate: mean, bit/s.
        channels: 1 or 2.
        packet_ms: 20, 40 or 60.
    """

    def __init__(self, bit_rate: int, channels: int, packet_ms: int) -> None:
        self.packet_samples = SAMPLE_RATE * packet_ms // 1000
        self._layout = LAYOUTS[channels]
        self._pts = 0
        context = _context("w")
        context.sample_rate, context.layout, context.format = SAMPLE_RATE, self._layout, "s16"
        context.bit_rate, context.time_base = bit_rate, Fraction(1, SAMPLE_RATE)
        context.options = {
            "frame_duration": str(packet_ms),
            "application": "audio",
            "vbr": "on",
            "compression_level": "10",
        }
        context.open()
        self._context = context

    def encode(self, pcm: Pcm) -> bytes:
        """The packet of int16 [packet_samples, channels]."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), "s16", self._layout)
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._pts
        self._pts += self.packet_samples
        (packet,) = self._context.encode(frame)
        return bytes(packet)


class OpusDecoder:
    """Decodes packets, and conceals those that are missing as libopus does.

    The encoder looks ahead: the first sound that is decoded or concealed is `look_ahead` samples shorter, so
    that everything is in its place.

    Args:
        channels: 1 or 2, whatever packets say.
        packet_ms: 20, 40 or 60.
    """

    look_ahead = LOOK_AHEAD

    def __init__(self, channels: int, packet_ms: int) -> None:
        self._channels, self._samples = channels, SAMPLE_RATE * packet_ms // 1000
        self._packets_concealed_at_a_time = packet_ms // _CONCEALED_MS
        self._configuration = _BEFORE_ANY
        self._ahead = LOOK_AHEAD
        context = _context("r")
        context.sample_rate, context.layout = SAMPLE_RATE, LAYOUTS[channels]
        identification = bytes([1, channels, 0, 0]) + SAMPLE_RATE.to_bytes(4, "little") + bytes(3)
        context.extradata = b"OpusHead" + identification  # RFC 7845, 5.1
        self._context = context

    def decode(self, packet: bytes) -> Pcm:
        """The sound of one packet: int16 [samples, channels].

        Raises:
            MalformedUnits: libopus refuses it, or it lasts longer or shorter than announced.
        """
        pcm = self._decoded(packet)
        if len(pcm) != self._samples:
            raise MalformedUnits(f"an Opus packet of {len(pcm)} samples, {self._samples} were announced")
        self._configuration = packet[0] >> 3
        return self._placed(pcm)

    def silent(self) -> Pcm:
        """Silence as long as a packet."""
        return silence(self._samples, self._channels)

    def conceal(self) -> Pcm:
        """What libopus makes up for a packet that is missing: int16 [samples, channels]."""
        head = bytes([_of_20_ms(self._configuration) << 3 | (self._channels - 1) << 2])
        parts = [self._decoded(head) for _ in range(self._packets_concealed_at_a_time)]
        return self._placed(fitted(np.concatenate(parts), self._samples))

    def _decoded(self, packet: bytes) -> Pcm:
        try:
            frames = self._context.decode(Packet(packet))
        except av.FFmpegError as error:
            raise MalformedUnits(f"an Opus packet that libopus refuses: {error.strerror}") from error
        parts = [np.asarray(f.to_ndarray(), np.int16).reshape(-1, self._channels) for f in frames]
        return np.concatenate([silence(0, self._channels), *parts])

    def _placed(self, pcm: Pcm) -> Pcm:
        ahead, self._ahead = self._ahead, 0
        return pcm[ahead:]


def _of_20_ms(configuration: int) -> int:
    """The configuration (RFC 6716, 3.1) of the same mode and bandwidth whose frames last 20 ms."""
    if configuration >= _CELT_FROM:
        return configuration | 3
    if configuration >= _HYBRID_FROM:
        return configuration | 1
    return configuration & ~3 | 1


def _context(mode: Literal["r", "w"]) -> AudioCodecContext:
    return av.CodecContext.create("libopus", mode)
