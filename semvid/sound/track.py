"""The sound of a video file as samples on the time line of its pictures."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from semvid.errors import UnsupportedMedia
from semvid.sound.pcm import LAYOUTS, SAMPLE_RATE, Pcm, silence
from semvid.video.container import codec_name, open_sound
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.scan import StampSource

_SAMPLE_RATES = range(4_000, 384_001)  # Hz
_MOST_CHANNELS = 24  # 22.2
_TOLERANCE = SAMPLE_RATE // 100  # of time stamps against samples counted; containers round to a millisecond


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """What is known of a sound track before it is read.

    Attributes:
        codec: FFmpeg's name.
        sample_rate: Hz.
        channels: of the source.
    """

    codec: str
    sample_rate: int
    channels: int


def probe_sound(path: Path, limits: VideoLimits | None = None) -> TrackInfo | None:
    """What sound ``path`` has; None: none.

    Raises:
        UnsupportedMedia: no file that is accepted, or sound that is not; the message says what to do.
        LimitExceeded: more bytes than allowed.
    """
    with open_sound(path, limits or VideoLimits()) as opened:
        if opened is None:
            return None
        stream = opened[1]
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
        if rate not in _SAMPLE_RATES or not 1 <= channels <= _MOST_CHANNELS:
            raise UnsupportedMedia(
                f"the sound has {channels} channels of {rate} samples a second, accepted are "
                f"1..{_MOST_CHANNELS} of {_SAMPLE_RATES[0]}..{_SAMPLE_RATES[-1]}; convert it"
            )
        return TrackInfo(codec_name(stream), rate, channels)


def read_sound(
    path: Path, video: SourceInfo, channels: int, limits: VideoLimits | None = None
) -> Generator[Pcm, None, None]:
    """The sound from the first picture to the end of the last, lazily; memory does not grow with its length.

    Where the track begins earlier it is cut, where it begins later, has gaps, or ends early there is silence;
    what does not decode is a gap. Close the iterator (or exhaust it) to close the file.

    Args:
        path: the file that `probe_sound` and `semvid.video.probe.probe` saw.
        video: its pictures.
        channels: 1 or 2 to mix to.
        limits: as for `probe_sound`.

    Yields:
        int16 [at most a second, channels]; ``round(duration * SAMPLE_RATE)`` samples in all.

    Raises:
        UnsupportedMedia: the file has no sound, or none that is accepted.
    """
    left = round(video.duration_s * SAMPLE_RATE)
    with open_sound(path, limits or VideoLimits()) as opened:
        if opened is None:
            raise UnsupportedMedia(f"{path.name!r} has no sound")
        container, stream = opened
        timed = (
            video.stamps is not StampSource.NONE
        )  # otherwise pictures are counted, and sound begins with them
        placed = _Placed(channels, Fraction(video.first_pts) * video.time_base if timed else None)
        with suppress(av.FFmpegError, IndexError):  # IndexError: see `semvid.video.container.packets`
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    continue
                for frame in frames:
                    for pcm in placed.add(frame, left):
                        yield pcm[:left]
                        left -= min(left, len(pcm))
                        if not left:
                            return
        for pcm in placed.flush():
            yield pcm[:left]
            left -= min(left, len(pcm))
    while left:
        yield silence(min(left, SAMPLE_RATE), channels)
        left -= min(left, SAMPLE_RATE)


class _Placed:
    """Frames resampled, and laid where their time stamps say.

    Args:
        channels: to mix to.
        origin: time of the first picture, seconds; None: that of the first frame of sound.
    """

    def __init__(self, channels: int, origin: Fraction | None) -> None:
        self._channels, self._origin = channels, origin
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None
        self._given = 0  # samples so far
        self._expected: Fraction | None = None  # place of the next frame, samples, by those before it
        self._dropped = 0  # samples that are still to be cut

    def add(self, frame: AudioFrame, most: int) -> Iterator[Pcm]:
        """What there is now, silence before it included, of which no more than ``most`` samples are made."""
        if frame.sample_rate not in _SAMPLE_RATES or not frame.samples:
            return
        place = self._place(frame)
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._expected is None or abs(place - self._expected) > _TOLERANCE or kind != self._kind:
            yield from self.flush()
            gap = min(round(place) - self._given, most)
            self._dropped = max(0, -gap)
            for first in range(0, gap, SAMPLE_RATE):
                yield self._noted(silence(min(gap - first, SAMPLE_RATE), self._channels))
            self._resampler, self._kind = AudioResampler("s16", LAYOUTS[self._channels], SAMPLE_RATE), kind
            self._expected = place
        assert self._resampler is not None
        self._expected += Fraction(frame.samples * SAMPLE_RATE, frame.sample_rate)
        yield from self._resampled(frame)

    def flush(self) -> Iterator[Pcm]:
        """What the resampler holds back."""
        if self._resampler is not None:
            yield from self._resampled(None)
        self._resampler = None

    def _place(self, frame: AudioFrame) -> Fraction:
        """Samples from the first picture to the frame."""
        if frame.pts is None or frame.time_base is None:
            return self._expected or Fraction(0)
        time = frame.pts * Fraction(frame.time_base)
        if self._origin is None:
            self._origin = time
        return (time - self._origin) * SAMPLE_RATE

    def _resampled(self, frame: AudioFrame | None) -> Iterator[Pcm]:
        assert self._resampler is not None
        for out in self._resampler.resample(frame):
            pcm = np.asarray(out.to_ndarray(), np.int16).reshape(-1, self._channels)
            cut = min(self._dropped, len(pcm))
            self._dropped -= cut
            if len(pcm) > cut:
                yield self._noted(pcm[cut:])

    def _noted(self, pcm: Pcm) -> Pcm:
        self._given += len(pcm)
        return pcm
