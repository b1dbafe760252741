"""Sound beside pictures: late, lost, hostile, and never in their way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.sound.track import MAX_WAITING, SoundTrack
from semvid.semantics import SoundCodec, SoundHeader, SoundPackets
from semvid.sound.opus import LOOK_AHEAD, OpusEncoder
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from tests.synthetic_sound import bursts, onsets

HEADER = SoundHeader(SoundCodec.OPUS, 20)
PACKET = SAMPLE_RATE // 50
SECONDS = 4


@pytest.fixture(scope="module")
def units() -> list[SoundPackets]:
    """One a second."""
    encoder, pcm = OpusEncoder(16_000, 1, 20), bursts(SECONDS)
    packets = [encoder.encode(pcm[at : at + PACKET]) for at in range(0, len(pcm), PACKET)]
    return [SoundPackets(first, tuple(packets[first : first + 50])) for first in range(0, len(packets), 50)]


def taken(track: SoundTrack, seconds: float, ended: bool = False) -> Pcm:
    parts = list(track.until(round(seconds * SAMPLE_RATE), ended))
    return np.concatenate([np.zeros((0, 1), np.int16), *parts])


def test_as_much_sound_as_picture(units: list[SoundPackets]) -> None:
    track = SoundTrack(HEADER)
    for unit in units:
        track.add(unit)
    pcm = np.concatenate([taken(track, t) for t in (0.04, 0.04, 1.001, 2.9, 3.3)] + [taken(track, 3.3, True)])
    assert len(pcm) == round(3.3 * SAMPLE_RATE)
    assert onsets(pcm) == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3], abs=0.004)
    assert track.record.packets_received == 166
    assert (track.record.packets_lost, track.record.concealed_s, track.record.seconds) == (0, 0, 3.3)


def test_what_may_still_come_is_waited_for_by_nobody_and_made_up_by_nobody(units: list[SoundPackets]) -> None:
    track = SoundTrack(HEADER)
    assert len(taken(track, 2.0)) == 0
    track.add(units[0])
    parts = [taken(track, 2.0)]
    assert len(parts[0]) == SAMPLE_RATE - LOOK_AHEAD
    track.add(units[1])
    parts.append(taken(track, 2.0))
    assert track.record.packets_lost == 0
    assert onsets(np.concatenate(parts)) == pytest.approx([0, 0.5, 1, 1.5], abs=0.004)


def test_what_was_overtaken_is_made_up_and_said_to_be(units: list[SoundPackets]) -> None:
    track = SoundTrack(HEADER)
    track.add(units[0])
    track.add(units[2])
    pcm = taken(track, 2.6)
    assert onsets(pcm) == pytest.approx([0, 0.5, 2, 2.5], abs=0.006)
    assert track.record.packets_lost == 50
    assert track.record.concealed_s == 1


def test_at_the_end_what_is_missing_is_made_up(units: list[SoundPackets]) -> None:
    track = SoundTrack(HEADER)
    track.add(units[0])
    pcm = taken(track, 2.0, ended=True)
    assert len(pcm) == 2 * SAMPLE_RATE
    assert track.record.packets_lost == 50
    assert len(taken(SoundTrack(HEADER), 0.7, ended=True)) == round(0.7 * SAMPLE_RATE)


def test_silence_is_silence(units: list[SoundPackets]) -> None:
    track = SoundTrack(HEADER)
    track.add(SoundPackets(0, (b"",) * 50))
    track.add(SoundPackets(50, units[0].packets))
    pcm = taken(track, 1.9)
    assert not pcm[:SAMPLE_RATE].any()
    assert onsets(pcm) == pytest.approx([1, 1.5], abs=0.004)


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=20))
def test_packets_that_make_no_sense_cost_themselves(packets: list[bytes]) -> None:
    track = SoundTrack(HEADER)
    track.add(SoundPackets(0, tuple(packets)))
    samples = len(packets) * PACKET
    assert sum(map(len, track.until(samples, ended=True))) == samples
    record = track.record
    assert record.packets_received == len(packets)
    assert record.concealed_s >= (record.packets_undecodable * PACKET - LOOK_AHEAD) / SAMPLE_RATE


def test_what_waits_is_bounded() -> None:
    track = SoundTrack(HEADER)
    for number in range(MAX_WAITING + 500):
        track.add(SoundPackets(number, (b"",)))
    assert sum(map(len, track.until(501 * PACKET))) == 501 * PACKET
    assert track.record.packets_lost == 500
