"""Sound as text: packets of sentences, one for each second (`semvid.sound.sentence`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from semvid.semantics.segments import MAX_CAPTION_CHARS
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.sound.sentence import MAX_TICKS, PACKET_MS, TICKS, Sentence, pack
from semvid.sound.tempo import resampled
from transmitter.sound.speech.transcriber import SPEECH_RATE, Transcriber
from transmitter.sound.utterances import Utterance, utterances

_PACKET: Final = SAMPLE_RATE * PACKET_MS // 1000
_TICK: Final = SAMPLE_RATE // TICKS


def sentence_packets(pcm: Iterable[Pcm], transcriber: Transcriber) -> Iterator[bytes]:
    """The packets of mono sound as it is read; an empty one for each second in which no sentence begins.

    Args:
        pcm: int16 [any, 1] each.
        transcriber: hears it.
    """
    waiting, given, stop = b"", 0, 0  # a sentence of the last second begun may still come
    for stop, utterance in utterances(pcm):  # noqa: B007 - wanted after the loop
        if utterance is None:
            continue
        sentence = _sentence(utterance, transcriber)
        if sentence is None:
            continue
        yield from _up_to(utterance.start // _PACKET - given, waiting)
        waiting, given = pack(sentence), utterance.start // _PACKET
    yield from _up_to(-(-stop // _PACKET) - given, waiting)


def _up_to(seconds: int, first: bytes) -> Iterator[bytes]:
    for second in range(seconds):
        yield b"" if second else first


def _sentence(utterance: Utterance, transcriber: Transcriber) -> Sentence | None:
    """What was said; None where nothing was."""
    samples = (utterance.pcm[:, 0] / 32_768).astype(np.float32)
    words = " ".join(transcriber.transcribe(resampled(samples, SAMPLE_RATE, SPEECH_RATE)).split())
    if len(words) > MAX_CAPTION_CHARS:  # a model that repeats itself; nobody says so much in ten seconds
        words = words[:MAX_CAPTION_CHARS].rpartition(" ")[0] or words[:MAX_CAPTION_CHARS]
    if not words:
        return None
    start = utterance.start % _PACKET // _TICK
    duration = min(MAX_TICKS, max(1, -(-len(utterance.pcm) // _TICK)))
    return Sentence(start, duration, words)
