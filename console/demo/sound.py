"""The sound of both videos, for the report: to be heard, and to be looked at."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semvid.sound.m4a import to_m4a
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.sound.track import probe_sound, read_sound
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo

EXCERPT_S = 60
"""Seconds that a page carries of a longer video."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The first minute of what is heard.

    Attributes:
        source, reconstruction: int16 [samples, channels], `semvid.sound.pcm.SAMPLE_RATE` to a second.
    """

    source: Pcm
    reconstruction: Pcm

    @property
    def source_m4a(self) -> bytes:
        """The source's as a file."""
        return to_m4a([self.source], self.source.shape[1])

    @property
    def reconstruction_m4a(self) -> bytes:
        """The reconstruction's as a file."""
        return to_m4a([self.reconstruction], self.reconstruction.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Sounding:
    """Sound to go with pictures that are shown at the same time as in the video that it comes from.

    Attributes:
        channels: of it.
        pieces: int16 [any, channels], read as they are needed.
    """

    channels: int
    pieces: Generator[Pcm, None, None]

    @classmethod
    def of(cls, video: Path, info: SourceInfo, limits: VideoLimits) -> Sounding | None:
        """The sound of ``video``; None where it has none."""
        track = probe_sound(video, limits)
        if track is None:
            return None
        channels = min(track.channels, 2)
        return cls(channels, read_sound(video, info, channels, limits))


def listen(
    source: Path, source_info: SourceInfo, reconstruction: Path, info: SourceInfo, limits: VideoLimits
) -> Heard | None:
    """The sound of both; None where the reconstruction has none.

    Args:
        source, reconstruction: video files.
        source_info, info: what `semvid.video.probe.probe` says of them.
        limits: of both.
    """
    track = probe_sound(reconstruction, limits)
    if track is None:
        return None
    return Heard(
        _beginning(read_sound(source, source_info, track.channels, limits)),
        _beginning(read_sound(reconstruction, info, track.channels, limits)),
    )


def _beginning(sound: Generator[Pcm, None, None]) -> Pcm:
    parts: list[Pcm] = []
    with closing(sound):
        for pcm in sound:
            parts.append(pcm)
            if sum(map(len, parts)) >= EXCERPT_S * SAMPLE_RATE:
                break
    return np.concatenate(parts)[: EXCERPT_S * SAMPLE_RATE]
