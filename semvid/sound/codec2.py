"""Codec 2 (David Rowe): speech at 700 to 3200 bit/s, through pycodec2. Mono, 8 kHz.

Frames of 20 or 40 ms are as many bits long as the mode says, in some no whole number of bytes; a packet joins
them bit by bit.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MalformedUnits, MissingComponent
from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence

BIT_RATES: Final = (3200, 2400, 1600, 1400, 1300, 1200, 700)
PACKET_MS: Final = 240
"""Duration of a packet: a whole number of frames, and of bytes, in every mode."""

_RATE: Final = 8_000
_HELD: Final = 16  # samples of 8 kHz that the resampler holds back
_DELAYS: Final = {700: 320}  # samples of 8 kHz by which what is decoded comes late
_USUAL_DELAY: Final = 160


class Codec2Encoder:
    """Codes speech.

    Args:
        bit_rate: one of `BIT_RATES`.

    Raises:
        InvalidInput: no such mode.
        MissingComponent: pycodec2 is not installed.
    """

    packet_samples = SAMPLE_RATE * PACKET_MS // 1000

    def __init__(self, bit_rate: int) -> None:
        self._codec = _codec(bit_rate)
        self._resampler = _Resampler(SAMPLE_RATE, _RATE)
        self._held = np.zeros(_HELD, np.int16)

    def encode(self, pcm: Pcm) -> bytes:
        """The packet of int16 [packet_samples, 1]."""
        samples = np.concatenate([self._held, self._resampler.push(pcm[:, 0])])
        size, bits = self._codec.samples_per_frame(), self._codec.bits_per_frame()
        whole = _RATE * PACKET_MS // 1000
        self._held = samples[whole:]
        frames = [self._codec.encode(samples[at : at + size]) for at in range(0, whole, size)]
        joined = [np.unpackbits(np.frombuffer(frame, np.uint8))[:bits] for frame in frames]
        return np.packbits(np.concatenate(joined)).tobytes()


class Codec2Decoder:
    """Decodes packets; where one is missing there is silence, for Codec 2 conceals nothing.

    Args:
        bit_rate: one of `BIT_RATES`.

    Raises:
        InvalidInput: no such mode.
        MissingComponent: pycodec2 is not installed.
    """

    def __init__(self, bit_rate: int) -> None:
        self._codec = _codec(bit_rate)
        self._resampler = _Resampler(_RATE, SAMPLE_RATE)
        self._ahead = _HELD + _DELAYS.get(bit_rate, _USUAL_DELAY)
        self.look_ahead = (self._ahead + _HELD) * SAMPLE_RATE // _RATE

    def decode(self, packet: bytes) -> Pcm:
        """The sound of one packet: int16 [samples, 1]; the first is `look_ahead` samples shorter.

        Raises:
            MalformedUnits: a packet of another length.
        """
        bits, size = self._codec.bits_per_frame(), self._codec.bytes_per_frame()
        frames = _RATE * PACKET_MS // 1000 // self._codec.samples_per_frame()
        if 8 * len(packet) != bits * frames:
            raise MalformedUnits(f"a Codec 2 packet of {len(packet)} bytes, not {bits * frames // 8}")
        rows = np.unpackbits(np.frombuffer(packet, np.uint8)).reshape(frames, bits)
        padded = np.packbits(np.pad(rows, ((0, 0), (0, 8 * size - bits))), axis=1)
        return self._shown(np.concatenate([self._codec.decode(row.tobytes()) for row in padded]))

    def silent(self) -> Pcm:
        """Silence as long as a packet, of which the encoder was told nothing."""
        return silence(SAMPLE_RATE * PACKET_MS // 1000, 1)

    def conceal(self) -> Pcm:
        """Silence as long as a packet."""
        return self._shown(np.zeros(_RATE * PACKET_MS // 1000, np.int16))

    def _shown(self, samples: NDArray[np.int16]) -> Pcm:
        ahead, self._ahead = self._ahead, 0
        return self._resampler.push(samples[ahead:])[:, None]


class _Resampler:
    """Mono from one rate to another, piece by piece."""

    def __init__(self, source: int, target: int) -> None:
        self._resampler = AudioResampler("s16", "mono", target)
        self._rate, self._pts = source, 0

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """int16 [n] in, int16 [m] out, some held back until more comes."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = self._rate, self._pts
        self._pts += len(samples)
        parts = [
            np.asarray(out.to_ndarray(), np.int16).reshape(-1) for out in self._resampler.resample(frame)
        ]
        return np.concatenate([silence(0, 1)[:, 0], *parts])


def _codec(bit_rate: int) -> Any:
    if bit_rate not in BIT_RATES:
        raise InvalidInput(f"Codec 2 has the bit rates {', '.join(map(str, BIT_RATES))}, not {bit_rate}")
    require()
    from pycodec2 import Codec2

    return Codec2(bit_rate)


def is_installed() -> bool:
    """Whether Codec 2 can be had here."""
    return find_spec("pycodec2") is not None


def require() -> None:
    """Refuses to go on without pycodec2 (`MissingComponent`)."""
    if not is_installed():
        raise MissingComponent('Codec 2 needs pycodec2: pip install "semvid[codec2]"')
