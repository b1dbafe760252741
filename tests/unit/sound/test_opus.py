"""Opus: every sample in its place, losses included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import MalformedUnits
from semvid.sound.opus import LOOK_AHEAD, OpusDecoder, OpusEncoder
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from tests.synthetic_sound import bursts, onsets

KINDS = [(6_000, 1, 60), (12_000, 1, 40), (16_000, 2, 20), (24_000, 2, 60)]


def coded(pcm: Pcm, bit_rate: int, channels: int, packet_ms: int) -> list[bytes]:
    encoder = OpusEncoder(bit_rate, channels, packet_ms)
    size = encoder.packet_samples
    return [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]


@pytest.mark.parametrize(("bit_rate", "channels", "packet_ms"), KINDS)
def test_sound_comes_back_in_its_place_at_its_rate(bit_rate: int, channels: int, packet_ms: int) -> None:
    source = bursts(3, channels)
    packets = coded(source, bit_rate, channels, packet_ms)
    decoder = OpusDecoder(channels, packet_ms)
    sound = np.concatenate([decoder.decode(packet) for packet in packets])
    assert len(sound) == len(packets) * SAMPLE_RATE * packet_ms // 1000 - LOOK_AHEAD
    assert sound.shape[1] == channels
    assert onsets(sound) == pytest.approx(onsets(source), abs=0.004)
    assert 8 * sum(map(len, packets)) / 3 < 1.35 * bit_rate


@pytest.mark.parametrize(("bit_rate", "channels", "packet_ms"), KINDS)
def test_what_is_missing_is_made_up_for_as_long_as_it_lasts(
    bit_rate: int, channels: int, packet_ms: int
) -> None:
    source = bursts(3, channels)
    packets = coded(source, bit_rate, channels, packet_ms)
    lost = range(round(700 / packet_ms), round(1400 / packet_ms))
    decoder = OpusDecoder(channels, packet_ms)
    sound = np.concatenate(
        [decoder.conceal() if n in lost else decoder.decode(p) for n, p in enumerate(packets)]
    )
    assert len(sound) == len(packets) * SAMPLE_RATE * packet_ms // 1000 - LOOK_AHEAD
    kept = [at for at in onsets(source) if not 0.66 < at < 1.44]
    assert onsets(sound) == pytest.approx(kept, abs=0.006)


def test_nothing_that_came_before_is_needed_to_conceal() -> None:
    decoder = OpusDecoder(2, 60)
    assert decoder.conceal().shape == (2880 - LOOK_AHEAD, 2)
    assert not decoder.conceal().any()


def test_a_packet_of_another_duration_is_refused() -> None:
    (packet,) = coded(bursts(0.02), 16_000, 1, 20)
    with pytest.raises(MalformedUnits, match="960 samples, 2880 were announced"):
        OpusDecoder(1, 60).decode(packet)


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_sound_of_the_right_length_or_refused(packet: bytes) -> None:
    decoder = OpusDecoder(1, 20)
    decoder.conceal()
    try:
        assert decoder.decode(packet).shape == (960, 1)
    except MalformedUnits:
        assert decoder.conceal().shape == (960, 1)
