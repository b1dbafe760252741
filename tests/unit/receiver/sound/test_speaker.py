"""Sentences at their time, in a track beside pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.sound.decoders import decodable
from receiver.sound.speaker import FASTEST
from receiver.sound.track import SoundTrack
from semvid.errors import InvalidInput, MissingComponent
from semvid.semantics import SoundCodec, SoundHeader, SoundPackets
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.sound.sentence import PACKET_MS, TICKS, Sentence, pack
from semvid.sound.tempo import Samples

HEADER = SoundHeader(SoundCodec.TEXT, PACKET_MS)


class Counting:
    """Hums for as many tenths of a second as a sentence has characters; cannot speak what has a digit."""

    rate = 22_050

    def speak(self, words: str) -> Samples:
        if any(c.isdigit() for c in words):
            raise InvalidInput("digits")
        time = np.arange(self.rate * len(words) // 10) / self.rate
        return (0.5 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)


def said(start_s: float, duration_s: float, words: str) -> bytes:
    return pack(Sentence(round(start_s * TICKS), round(duration_s * TICKS), words))


def heard(packets: list[bytes], lost: tuple[int, ...] = ()) -> tuple[Pcm, SoundTrack]:
    track = SoundTrack(HEADER, Counting())
    for number, packet in enumerate(packets):
        if number not in lost:
            track.add(SoundPackets(number, (packet,)))
    pcm = np.concatenate(list(track.until(len(packets) * SAMPLE_RATE, ended=True)))
    assert len(pcm) == len(packets) * SAMPLE_RATE
    return pcm, track


def loud(pcm: Pcm) -> list[tuple[float, float]]:
    """Seconds from and to which something is heard."""
    steps = np.abs(pcm[: len(pcm) // 480 * 480, 0].reshape(-1, 480)).max(1) > 1_000
    edges = np.flatnonzero(np.diff(np.r_[False, steps, False].astype(int)))
    return [(float(a) / 100, float(b) / 100) for a, b in edges.reshape(-1, 2)]


def test_a_sentence_begins_at_its_time_and_goes_on_through_empty_packets() -> None:
    pcm, track = heard([b"", said(0.25, 3, "a" * 20), b"", b"", b""])
    assert loud(pcm) == [pytest.approx((1.25, 3.25), abs=0.03)]
    assert (track.record.packets_received, track.record.packets_lost, track.record.concealed_s) == (5, 0, 0)


def test_what_takes_too_long_is_spoken_faster() -> None:
    pcm, _ = heard([said(0, 2, "a" * 30), b"", b"", b""])
    assert loud(pcm) == [pytest.approx((0, 2), abs=0.06)]


def test_no_faster_than_can_be_understood_and_never_into_the_next() -> None:
    pcm, _ = heard([said(0, 1, "a" * 40), b"", b"", b"", b""])
    assert loud(pcm) == [pytest.approx((0, 4 / FASTEST), abs=0.06)]
    pcm, _ = heard([said(0, 1, "a" * 40), said(0.5, 1, "b" * 2), b"", b""])
    (stretch,) = loud(pcm)
    assert stretch == pytest.approx((0, 1.7), abs=0.03)


def test_what_is_lost_is_not_said_and_what_was_begun_goes_on() -> None:
    pcm, track = heard([said(0, 3, "a" * 20), said(0, 1, "b" * 9), b"", said(0, 1, "c" * 5)], lost=(1,))
    assert loud(pcm) == [pytest.approx((0, 2), abs=0.03), pytest.approx((3, 3.5), abs=0.03)]
    assert (track.record.packets_lost, track.record.concealed_s) == (1, 1)


def test_what_the_voice_cannot_speak_costs_itself() -> None:
    pcm, track = heard([said(0, 1, "route 66"), said(0, 1, "a" * 5)])
    assert loud(pcm) == [pytest.approx((1, 1.5), abs=0.03)]
    assert track.record.packets_undecodable == 1


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=8))
def test_packets_that_make_no_sense_cost_themselves(packets: list[bytes]) -> None:
    _, track = heard(packets)
    assert track.record.packets_received == len(packets)
    assert track.record.packets_undecodable <= sum(map(bool, packets))


def test_text_is_announced_by_who_has_a_voice_and_refused_by_who_has_none() -> None:
    assert SoundCodec.TEXT in decodable(Counting())
    assert SoundCodec.TEXT not in decodable(None)
    assert SoundCodec.OPUS in decodable(None)
    with pytest.raises(MissingComponent, match="SEMVID_RECEIVER_VOICE_MODEL"):
        SoundTrack(HEADER)


@pytest.mark.parametrize(
    "header",
    [
        SoundHeader(SoundCodec.TEXT, 20),
        SoundHeader(SoundCodec.TEXT, PACKET_MS, 2),
        SoundHeader(SoundCodec.TEXT, PACKET_MS, 1, 700),
    ],
)
def test_headers_that_text_does_not_know_are_refused(header: SoundHeader) -> None:
    with pytest.raises(InvalidInput, match="text comes in packets of 1000 ms"):
        SoundTrack(header, Counting())
