"""Sound at another sampling rate, or faster at the same pitch: FFmpeg's resampler and its filter atempo."""

from __future__ import annotations

from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono, [samples], -1..1."""

SLOWEST, FASTEST = 0.5, 100.0
"""Tempo that atempo takes."""

_PIECE: Final = 4_096  # samples in one frame


def resampled(samples: Samples, source: int, target: int) -> Samples:
    """``samples`` taken ``source`` times a second as they are at ``target`` a second."""
    resampler = AudioResampler("flt", "mono", target)
    frames = resampler.resample(_frame(samples, source, 0)) if len(samples) else []
    return _joined([*frames, *(resampler.resample(None) if len(samples) else [])])


def hastened(samples: Samples, rate: int, tempo: float) -> Samples:
    """``samples`` spoken ``tempo`` times as fast, 0.5 to 100, at their pitch."""
    graph = av.filter.Graph()
    entry = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    change, way_out = graph.add("atempo", f"{tempo:.6f}"), graph.add("abuffersink")
    entry.link_to(change)
    change.link_to(way_out)
    graph.configure()
    frames: list[AudioFrame] = []
    for at in range(0, len(samples), _PIECE):
        entry.push(_frame(samples[at : at + _PIECE], rate, at))
    entry.push(None)
    while True:
        try:
            frame = way_out.pull()
        except (av.BlockingIOError, av.EOFError):
            return _joined(frames)
        assert isinstance(frame, AudioFrame)
        frames.append(frame)


def _frame(samples: Samples, rate: int, pts: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), "flt", "mono")
    frame.sample_rate, frame.pts = rate, pts
    return frame


def _joined(frames: list[AudioFrame]) -> Samples:
    parts = [np.asarray(frame.to_ndarray(), np.float32).reshape(-1) for frame in frames]
    return np.concatenate([np.zeros(0, np.float32), *parts])
