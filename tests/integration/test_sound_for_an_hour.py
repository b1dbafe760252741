"""An hour of sound from samples to the file: in sync at its end, with losses on the way, bounded memory."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from receiver.sound.track import SoundTrack
from semvid import sound_payload
from semvid.phy.adaptation import LinkAdapter
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.video.writer import VideoWriter
from tests.synthetic_sound import bursts, onsets
from transmitter.sound.plan import SoundPlan
from transmitter.sound.sender import SoundSender

SECONDS, RATE = 3_600, Fraction(5_000, 1001)
LOST_EVERY = 40  # units


def _sound() -> Iterator[Pcm]:
    second = bursts(1)
    for _ in range(SECONDS):
        yield second


def _last_sound(path: Path, from_s: float) -> tuple[Pcm, float]:
    """Sound from about there on, and when it begins, seconds."""
    parts, first = [], None
    with av.open(str(path)) as container:
        container.seek(int(from_s * av.time_base))
        for frame in container.decode(audio=0):
            if frame.time < from_s:
                continue
            first = frame.time if first is None else first
            parts.append((frame.to_ndarray()[0] * 32_767).astype(np.int16))
    assert first is not None
    return np.concatenate(parts)[:, None], first


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_hour_of_sound(tmp_path: Path) -> None:
    path = tmp_path / "hour.mp4"
    sender = SoundSender(SoundPlan.opus(12_000, 1, LinkAdapter()), _sound())
    track = SoundTrack(sender.plan.header)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    units = 0
    with VideoWriter(path, 32, 32, 1 / RATE, frame_rate=RATE, sound_channels=1) as writer:
        picture = np.full((32, 32, 3), 90, np.uint8)
        frames = int(SECONDS * RATE)
        for index in range(frames):
            for unit in sender.until(float(index / RATE)):
                units += 1
                if units % LOST_EVERY:
                    track.add(*sound_payload.unpack(sound_payload.pack(unit)))
            writer.append(picture, index)
            for pcm in track.until(round(writer.shown_s(False) * SAMPLE_RATE)):
                writer.append_sound(pcm)
        for pcm in track.until(round(writer.shown_s(True) * SAMPLE_RATE), ended=True):
            writer.append_sound(pcm)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB
    assert track.record.packets_lost > 1_000
    pcm, begins = _last_sound(path, SECONDS - 20.2)
    heard = np.array(onsets(pcm)) + begins
    expected = [at for at in np.arange(SECONDS - 20, SECONDS, 0.5) if np.min(np.abs(heard - at)) < 0.1]
    assert len(expected) > 30  # the others fell into a loss
    assert [np.min(np.abs(heard - at)) for at in expected] == pytest.approx([0] * len(expected), abs=0.005)
