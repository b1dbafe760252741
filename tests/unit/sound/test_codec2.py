"""Codec 2: every mode, every packet in its place."""

from __future__ import annotations

import numpy as np
import pytest

from receiver.sound.track import SoundTrack
from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import SoundCodec, SoundHeader, SoundPackets
from semvid.sound.codec2 import BIT_RATES, PACKET_MS, Codec2Decoder, Codec2Encoder
from semvid.sound.pcm import SAMPLE_RATE
from tests.synthetic_sound import bursts, onsets

pytest.importorskip("pycodec2")
PACKET = SAMPLE_RATE * PACKET_MS // 1000


def coded(bit_rate: int, seconds: float = 3.6) -> list[bytes]:
    encoder, pcm = Codec2Encoder(bit_rate), bursts(seconds)
    return [encoder.encode(pcm[at : at + PACKET]) for at in range(0, len(pcm), PACKET)]


@pytest.mark.parametrize("bit_rate", BIT_RATES)
def test_sound_comes_back_in_its_place_at_its_rate(bit_rate: int) -> None:
    packets = coded(bit_rate)
    assert {len(packet) for packet in packets} == {bit_rate * PACKET_MS // 8000}
    decoder = Codec2Decoder(bit_rate)
    pcm = np.concatenate([decoder.decode(packet) for packet in packets])
    assert len(pcm) == len(packets) * PACKET - decoder.look_ahead
    source, heard = (  # power of 10 ms
        np.square(sound[: 340 * 480, 0].astype(float)).reshape(-1, 480).mean(axis=1)
        for sound in (bursts(3.6), pcm)
    )
    best = max(range(-8, 9), key=lambda lag: float(np.dot(np.roll(source, lag), heard)))
    assert abs(best) <= 2  # frames last up to 40 ms


def test_what_is_lost_is_silent_and_the_rest_in_its_place() -> None:
    packets = coded(3200)
    track = SoundTrack(SoundHeader(SoundCodec.CODEC2, PACKET_MS, 1, 3200))
    track.add(SoundPackets(0, tuple(packets[:4])))
    track.add(SoundPackets(8, tuple(packets[8:])))
    pcm = np.concatenate(list(track.until(round(3.6 * SAMPLE_RATE), ended=True)))
    assert len(pcm) == round(3.6 * SAMPLE_RATE)
    assert track.record.packets_lost == 4
    assert np.abs(pcm[round(1.05 * SAMPLE_RATE) : round(1.8 * SAMPLE_RATE)]).max() < 300
    assert [at for at in onsets(pcm) if 1.0 < at < 1.85] == []


@pytest.mark.parametrize("header", [(60, 1, 3200), (240, 2, 3200), (240, 1, 3000), (240, 1, 0)])
def test_a_header_that_codec_2_does_not_know_is_refused(header: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInput, match="Codec 2"):
        SoundTrack(SoundHeader(SoundCodec.CODEC2, *header))


def test_a_packet_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedUnits, match="a Codec 2 packet of 20 bytes, not 21"):
        Codec2Decoder(700).decode(bytes(20))
