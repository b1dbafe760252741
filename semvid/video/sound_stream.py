"""The sound of an MP4: AAC, which everything plays, beside the pictures of `semvid.video.writer`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from semvid.sound.pcm import LAYOUTS, SAMPLE_RATE, Pcm, silence

_BIT_RATE_PER_CHANNEL = 64_000  # far above what crossed the channel, so that it adds next to nothing
_FULL_SCALE = np.float32(1 / 32_768)


class SoundStream:
    """Codes samples into packets of ``container``, which it does not write.

    Args:
        container: that has not begun yet.
        channels: 1 or 2.
    """

    def __init__(self, container: OutputContainer, channels: int) -> None:
        self._layout, self._channels = LAYOUTS[channels], channels
        stream: AudioStream = container.add_stream("aac", rate=SAMPLE_RATE)
        stream.codec_context.layout = self._layout
        stream.codec_context.bit_rate = _BIT_RATE_PER_CHANNEL * channels
        stream.time_base = Fraction(1, SAMPLE_RATE)
        self._stream = stream
        self._held = silence(0, channels)
        self._coded = 0  # samples
        self._waiting: list[Packet[AudioStream]] = []

    def append(self, pcm: Pcm) -> None:
        """Adds sound, int16 [samples, channels]; without gaps from the first picture on."""
        size = self._stream.codec_context.frame_size
        held = np.concatenate([self._held, pcm])
        whole = len(held) // size * size
        for first in range(0, whole, size):
            self._encode(held[first : first + size])
        self._held = held[whole:]

    def finish(self) -> None:
        """Codes what is left."""
        if len(self._held):
            self._encode(self._held)
            self._held = silence(0, self._channels)
        if self._coded:
            self._waiting += self._stream.encode(None)

    def packets(self, start: int) -> Iterator[Packet[AudioStream]]:
        """What is coded and was not taken yet.

        Args:
            start: of the sound, `SAMPLE_RATE` to a second.
        """
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            assert packet.pts is not None
            packet.pts = packet.dts = packet.pts + start
            yield packet

    def _encode(self, pcm: Pcm) -> None:
        planes = np.ascontiguousarray(pcm.T, np.float32) * _FULL_SCALE
        frame = AudioFrame.from_ndarray(planes, "fltp", self._layout)
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._coded
        self._coded += len(pcm)
        self._waiting += self._stream.encode(frame)
