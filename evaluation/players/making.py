"""Makes the files from real clips, and keeps what a viewer has to see and hear of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from evaluation.players.kinds import Kind, Sound
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.sound.pcm import SAMPLE_RATE
from semvid.sound.track import read_sound
from semvid.video.probe import probe
from semvid.video.reader import read_frames

SECONDS = 2.4
_PAUSE_S = 1.0  # in a variable rate
_TICKS = 90_000
_CHUNK = 1024  # samples


@dataclass(frozen=True, slots=True)
class Truth:
    """What the file shows.

    Attributes:
        pictures: uint8 RGB [height, width, 3], upright, as coded; SDR.
        times_s: when each begins, the first at 0.
        duration_s: to the end of the last.
        shape: width and height as shown, square pixels.
        sound: int16 [samples] mono at 48 kHz; None: none.
    """

    pictures: list[Picture]
    times_s: list[float]
    duration_s: float
    shape: tuple[int, int]
    sound: NDArray[np.int16] | None


def make(kind: Kind, media: Path, folder: Path) -> Truth:
    """Writes ``folder / kind.file``."""
    count = round(SECONDS * kind.rate)
    size = kind.size[::-1] if kind.turned else kind.size
    source = media / kind.clip
    frames = read_frames(source, probe(source))
    needed = 2 * count if kind.interlaced else count
    shown = [_cropped(frame.picture, size) for frame in islice(frames, needed)]
    frames.close()
    while len(shown) < needed:  # there and back
        shown = [*shown, *shown[::-1]][:needed]
    if kind.interlaced:
        shown = [_woven(first, second) for first, second in zip(shown[::2], shown[1::2], strict=True)]
    times = _times(kind, count)
    duration = times[-1] + 1 / kind.rate
    pcm = None if kind.sound is None else _sound(kind.sound, media, float(duration))
    _write(kind, shown, times, pcm, folder / kind.file)
    width, height = size
    return Truth(
        shown,
        [float(time) for time in times],
        float(duration),
        (round(width * kind.wide), height),
        None if pcm is None else pcm.astype(np.int32).mean(axis=1).astype(np.int16),
    )


def make_twin(kind: Kind, truth: Truth, folder: Path) -> Path:
    """The pictures of an HDR file in a code that browsers play: AV1 of 10 bits with the same tags."""
    twin = replace(
        kind,
        file=f"twin_of_{Path(kind.file).stem}.mp4",
        codec="libsvtav1",
        options={"crf": "8", "preset": "8"},
    )
    times = [Fraction(n) / kind.rate for n in range(len(truth.pictures))]
    _write(twin, truth.pictures, times, None, folder / twin.file)
    return folder / twin.file


def _cropped(picture: Picture, size: tuple[int, int]) -> Picture:
    """The middle of ``picture`` with the shape of ``size``, at that size."""
    height, width = picture.shape[:2]
    wide = min(width, round(height * size[0] / size[1]))
    high = min(height, round(width * size[1] / size[0]))
    top, left = (height - high) // 2, (width - wide) // 2
    return at_size(np.ascontiguousarray(picture[top : top + high, left : left + wide]), size)


def _woven(first: Picture, second: Picture) -> Picture:
    woven = first.copy()
    woven[1::2] = second[1::2]
    return woven


def _times(kind: Kind, count: int) -> list[Fraction]:
    if not kind.jitter:
        return [Fraction(n) / kind.rate for n in range(count)]
    steps = np.random.default_rng(1).integers(20, 90, count)  # ms
    steps[count // 2] += round(_PAUSE_S * 1000)
    return [Fraction(int(ms), 1000) for ms in np.r_[0, np.cumsum(steps)[:-1]]]


def _sound(sound: Sound, media: Path, seconds: float) -> NDArray[np.int16]:
    """int16 [samples, 2]: the beginning of the clip's sound."""
    source = media / sound.clip
    left = round(seconds * SAMPLE_RATE)
    parts = []
    for part in (reader := read_sound(source, probe(source), 2)):
        parts.append(part[:left])
        left -= len(parts[-1])
        if not left:
            break
    reader.close()
    return np.concatenate([*parts, np.zeros((left, 2), np.int16)])  # silence where the clip's has ended


def _write(
    kind: Kind, pictures: list[Picture], times: list[Fraction], pcm: NDArray[np.int16] | None, path: Path
) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream(kind.codec, rate=kind.rate, options=dict(kind.options))
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = *kind.size, kind.pixels
        context = video.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = kind.tags
        context.sample_aspect_ratio = kind.wide
        if kind.jitter:
            context.time_base = Fraction(1, 1000)
        if kind.turned:
            video.set_display_rotation(-90)
        if kind.codec == "libx265":
            context.codec_tag = "hvc1"
        audio: AudioStream | None = None
        if pcm is not None and kind.sound is not None:
            added = container.add_stream(kind.sound.codec, rate=kind.sound.rate, layout=kind.sound.layout)
            assert isinstance(added, AudioStream)
            audio = added
        # in order of time, as a transport stream wants them
        packets = _interleaved(kind, video, audio, pictures, times, pcm)
        for packet in packets:
            container.mux(packet)


def _interleaved(
    kind: Kind,
    video: VideoStream,
    audio: AudioStream | None,
    pictures: list[Picture],
    times: list[Fraction],
    pcm: NDArray[np.int16] | None,
) -> Iterator[av.Packet[Any]]:
    sent = 0
    resampler = None
    if kind.sound is not None:
        form = audio.codec_context.format.name if audio is not None else "s16"
        resampler = av.AudioResampler(form, kind.sound.layout, kind.sound.rate)
    base = video.codec_context.time_base or Fraction(1, _TICKS)
    reformatter = VideoReformatter()
    for picture, time in zip(pictures, times, strict=True):
        while audio is not None and pcm is not None and resampler is not None:
            if sent >= len(pcm) or Fraction(sent, SAMPLE_RATE) > time:
                break
            part = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(pcm[sent : sent + _CHUNK].reshape(1, -1)), "s16", "stereo"
            )
            part.sample_rate, part.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            part.pts = sent + kind.first_s * SAMPLE_RATE
            sent += part.samples
            for resampled in resampler.resample(part):
                yield from audio.encode(resampled)
        frame = _frame(kind, picture, reformatter)
        frame.time_base, frame.pts = base, round((time + kind.first_s) / base)
        yield from video.encode(frame)
    if audio is not None and pcm is not None and resampler is not None:
        part = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm[sent:].reshape(1, -1)), "s16", "stereo")
        if part.samples:
            part.sample_rate, part.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            part.pts = sent + kind.first_s * SAMPLE_RATE
            for resampled in resampler.resample(part):
                yield from audio.encode(resampled)
        for resampled in resampler.resample(None):
            yield from audio.encode(resampled)
        yield from audio.encode(None)
    yield from video.encode(None)


def _frame(kind: Kind, picture: Picture, reformatter: VideoReformatter) -> av.VideoFrame:
    if kind.turned:
        picture = np.ascontiguousarray(np.rot90(picture))
    primaries, transfer, matrix, value_range = kind.tags
    if kind.hlg:
        frame = av.VideoFrame.from_ndarray(_hlg(picture), "rgb48le")
    else:
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    frame = reformatter.reformat(
        frame,
        format=kind.pixels,
        dst_colorspace=matrix,
        src_color_range=2,
        dst_color_range=value_range,
    )
    frame.color_primaries, frame.color_trc = primaries, transfer
    frame.colorspace, frame.color_range = matrix, value_range
    return frame


def _hlg(picture: Picture) -> NDArray[np.uint16]:
    """SDR as a phone's HLG: diffuse white of 203 cd/m2 on a display of 1000 (BT.2408; BT.2100-2, table 5)."""
    value = picture / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    wide = light @ np.array(  # BT.2087-0: BT.709 to BT.2020
        [[0.6274, 0.0691, 0.0164], [0.3293, 0.9195, 0.0880], [0.0433, 0.0114, 0.8956]]
    )
    shown = wide * 203 / 1000
    luminance = shown @ np.array([0.2627, 0.6780, 0.0593])
    scene = shown * np.maximum(luminance, 1e-6)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    signal = np.where(
        scene <= 1 / 12, np.sqrt(3 * np.clip(scene, 0, 1)), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    )
    return np.asarray(np.round(np.clip(signal, 0, 1) * 65535), np.uint16)
