"""Sentences spoken at their time."""

from __future__ import annotations

from typing import Final

import numpy as np

from receiver.sound.voices.voice import Voice
from semvid.errors import InvalidInput, MalformedUnits
from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence
from semvid.sound.sentence import PACKET_MS, TICKS, unpack
from semvid.sound.tempo import hastened, resampled

FASTEST: Final = 1.8
"""How much faster than the voice speaks by itself a sentence is spoken to take no longer than it did."""

_PACKET: Final = SAMPLE_RATE * PACKET_MS // 1000
_TICK: Final = SAMPLE_RATE // TICKS
_LONGEST_S: Final = 60  # of what is kept of one sentence


class SpokenText:
    """Decodes `semvid.semantics.SoundCodec.TEXT`; a `receiver.sound.decoders.SoundDecoder`.

    A sentence begins when it began. What the voice takes longer for is spoken faster, up to `FASTEST`; what
    is left when the next sentence begins is not said. What it takes shorter for is followed by silence.

    Args:
        voice: speaks.
    """

    look_ahead = 0

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._spoken = silence(0, 1)  # and not yet heard

    def decode(self, packet: bytes) -> Pcm:
        """The second in which a sentence begins, int16 [48000, 1]: what is left of the last one before it.

        Raises:
            MalformedUnits: no packet of this kind, or words that the voice cannot speak.
        """
        sentence = unpack(packet)
        spoken = self._say(sentence.words, sentence.duration / TICKS)
        start = sentence.start * _TICK
        before = self._next(start)
        self._spoken = spoken
        return np.concatenate([before, self._next(_PACKET - start)])

    def silent(self) -> Pcm:
        """A second in which no sentence begins; the last one may still be spoken."""
        return self._next(_PACKET)

    def conceal(self) -> Pcm:
        """A second of which nothing is known: as one in which no sentence begins."""
        return self._next(_PACKET)

    def _say(self, words: str, seconds: float) -> Pcm:
        try:
            samples, rate = self._voice.speak(words), self._voice.rate
        except MalformedUnits:
            raise
        except InvalidInput as error:
            raise MalformedUnits(f"a sentence that is not spoken: {error}") from error
        samples = samples[: _LONGEST_S * rate]
        tempo = min(FASTEST, len(samples) / rate / seconds)
        if tempo > 1:
            samples = hastened(samples, rate, tempo)
        pcm = np.clip(resampled(samples, rate, SAMPLE_RATE) * 32_767, -32_768, 32_767)
        return np.asarray(np.round(pcm), np.int16)[:, None]

    def _next(self, samples: int) -> Pcm:
        now, self._spoken = self._spoken[:samples], self._spoken[samples:]
        return np.concatenate([now, silence(samples - len(now), 1)])
