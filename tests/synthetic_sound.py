"""Sound for tests: a tone burst at the beginning of every half second, each higher than the one before."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from semvid.sound.pcm import LAYOUTS, SAMPLE_RATE, Pcm

EVERY = SAMPLE_RATE // 2  # samples from one burst to the next
BURST = SAMPLE_RATE // 20


def bursts(seconds: float, channels: int = 1) -> Pcm:
    """int16 [samples, channels]: bursts of 50 ms over faint noise; no two half seconds are alike."""
    rng = np.random.default_rng(1)
    pcm = rng.normal(0, 20, round(seconds * SAMPLE_RATE))
    time = np.arange(BURST) / SAMPLE_RATE
    for number, start in enumerate(range(0, len(pcm), EVERY)):
        tone = 9000 * np.sin(2 * np.pi * (600 + 90 * (number % 20)) * time)
        part = pcm[start : start + BURST]
        part += tone[: len(part)]
    return np.repeat(pcm.astype(np.int16)[:, None], channels, axis=1)


def onsets(pcm: Pcm) -> list[float]:
    """Seconds at which bursts begin."""
    loud = np.abs(pcm[:, 0].astype(int)) > 3000
    at = np.flatnonzero(loud)
    first = at[np.r_[True, np.diff(at) > BURST]] if len(at) else at
    return [float(sample / SAMPLE_RATE) for sample in first]


def with_sound(
    video: Path, out: Path, pcm: Pcm, start_s: float = 0.0, codec: str = "flac", skipped: range = range(0)
) -> Path:
    """Writes the pictures of ``video`` with sound that begins at ``start_s``, without pieces ``skipped``.

    Pieces are 1000 samples each; the time stamps of the others stay what they are.
    """
    with av.open(str(video)) as source, av.open(str(out), "w") as container:
        copy = container.add_stream_from_template(source.streams.video[0])
        sound = container.add_stream(codec, rate=SAMPLE_RATE)
        sound.codec_context.layout = LAYOUTS[pcm.shape[1]]
        sound.codec_context.format = "s16"
        for packet in _sound_packets(sound, pcm, start_s, skipped):
            container.mux(packet)
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = copy
                container.mux(packet)
    return out


def _sound_packets(
    stream: av.AudioStream, pcm: Pcm, start_s: float, skipped: range
) -> Iterator[av.Packet[av.AudioStream]]:
    for number, first in enumerate(range(0, len(pcm), 1000)):
        if number in skipped:
            continue
        part = np.ascontiguousarray(pcm[first : first + 1000]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, "s16", LAYOUTS[pcm.shape[1]])
        frame.sample_rate, frame.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        frame.pts = round(start_s * SAMPLE_RATE) + first
        yield from stream.encode(frame)
    yield from stream.encode(None)


def sound_of(path: Path) -> tuple[Pcm, float]:
    """All sound of a finished MP4 as int16 [samples, 1], and the time of its first sample less that of the
    first picture, seconds."""
    with av.open(str(path)) as container:
        picture = min(
            float(packet.pts * packet.time_base)
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.time_base is not None
        )
    parts, first = [], None
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            first = frame.time if first is None else first
            parts += [out.to_ndarray().reshape(-1, 1) for out in resampler.resample(frame)]
        parts += [out.to_ndarray().reshape(-1, 1) for out in resampler.resample(None)]
    assert first is not None
    return np.concatenate(parts), first - picture
