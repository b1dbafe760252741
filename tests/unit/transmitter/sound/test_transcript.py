"""Where sound is cut, and what is written down of it."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import MissingComponent
from semvid.phy.adaptation import LinkAdapter
from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence
from semvid.sound.sentence import TICKS, unpack
from semvid.sound.tempo import Samples
from transmitter.sound.plan import SoundPlan
from transmitter.sound.sender import SoundSender
from transmitter.sound.transcript import sentence_packets
from transmitter.sound.utterances import LONGEST_S, SHORTEST_S, utterances


class Measuring:
    """Says how long what it hears is, and how loud: enough to know what it was given."""

    def __init__(self, answer: str = "heard {:.2f} s") -> None:
        self.answer = answer
        self.heard: list[Samples] = []

    def transcribe(self, samples: Samples) -> str:
        self.heard.append(samples)
        return self.answer.format(len(samples) / 16_000)


def spoken(*stretches: tuple[float, float], seconds: float) -> Pcm:
    """Noise from each first second to each second one, faint noise elsewhere."""
    rng = np.random.default_rng(2)
    pcm = rng.normal(0, 3, round(seconds * SAMPLE_RATE))
    for start, stop in stretches:
        part = pcm[round(start * SAMPLE_RATE) : round(stop * SAMPLE_RATE)]
        part += rng.normal(0, 3_000, len(part))
    return pcm.astype(np.int16)[:, None]


def pieces(pcm: Pcm, size: int = 4_801) -> Iterator[Pcm]:
    return (pcm[at : at + size] for at in range(0, len(pcm), size))


def test_cuts_lie_in_pauses_and_ends_that_are_quiet_are_left_out() -> None:
    pcm = spoken((0.5, 5.0), (5.5, 12.0), (14.0, 15.0), seconds=18)
    found = [(u.start / SAMPLE_RATE, len(u.pcm) / SAMPLE_RATE) for _, u in utterances(pieces(pcm)) if u]
    assert found == [
        pytest.approx((0.5, 4.5), abs=0.05),
        pytest.approx((5.5, 6.5), abs=0.05),
        pytest.approx((14.0, 1.0), abs=0.05),
    ]


def test_beginnings_in_the_same_second_are_kept_apart() -> None:
    pcm = spoken((4.15, 4.3), (4.5, 9.0), seconds=9.5)
    pcm[round(4.3 * SAMPLE_RATE) : round(4.5 * SAMPLE_RATE)] = 0
    pcm = np.concatenate([pcm, spoken(seconds=3)])
    starts = [u.start / SAMPLE_RATE for _, u in utterances(pieces(pcm)) if u]
    assert starts == [pytest.approx(3.4, abs=0.05), pytest.approx(4.5, abs=0.05)]
    packets = list(sentence_packets(pieces(pcm), Measuring()))
    assert [second for second, packet in enumerate(packets) if packet] == [3, 4]


def test_packets_are_seconds_and_sentences_lie_at_their_time() -> None:
    pcm = spoken((0.5, 5.0), (5.5, 12.0), (14.0, 15.0), seconds=17.2)
    model = Measuring()
    packets = list(sentence_packets(pieces(pcm), model))
    assert len(packets) == 18
    said = {second: unpack(packet) for second, packet in enumerate(packets) if packet}
    assert sorted(said) == [0, 5, 14]
    assert [(s.start / TICKS, s.duration / TICKS) for s in said.values()] == [
        pytest.approx((0.5, 4.5), abs=0.1),
        pytest.approx((0.5, 6.5), abs=0.1),
        pytest.approx((0.0, 1.0), abs=0.1),
    ]
    assert [s.words for s in said.values()] == [f"heard {len(h) / 16_000:.2f} s" for h in model.heard]
    assert all(0.05 < h.std() < 0.15 for h in model.heard)


def test_of_silence_no_model_is_asked() -> None:
    model = Measuring()
    assert list(sentence_packets(pieces(spoken(seconds=25)), model)) == [b""] * 25
    assert list(sentence_packets([silence(90_000, 1)], model)) == [b"", b""]
    assert list(sentence_packets([], model)) == []
    assert not model.heard


def test_a_model_that_has_nothing_to_say_costs_nothing_and_one_that_says_too_much_is_cut() -> None:
    pcm = spoken((0.0, 3.0), seconds=3)
    assert list(sentence_packets([pcm], Measuring("  "))) == [b"", b"", b""]
    (packet, *_) = sentence_packets([pcm], Measuring("word " * 200))
    assert unpack(packet).words == ("word " * 80).strip()


@settings(max_examples=25)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.integers(100, 60_000))
def test_no_two_sentences_begin_in_a_second_and_everything_is_in_a_window(
    loudness: list[float], piece: int
) -> None:
    rng = np.random.default_rng(len(loudness))
    envelope = np.repeat(np.array(loudness) ** 4, SAMPLE_RATE * 7 // 10)
    pcm = (rng.normal(0, 4_000, len(envelope)) * envelope).clip(-32_000, 32_000).astype(np.int16)[:, None]
    windows = list(utterances(pieces(pcm, piece)))
    stops = [stop / SAMPLE_RATE for stop, _ in windows]
    assert windows[-1][0] == len(pcm)
    assert all(SHORTEST_S <= b - a <= LONGEST_S for a, b in pairwise([0.0, *stops[:-1]]))
    starts = [u.start for _, u in windows if u]
    assert all(b - a >= SAMPLE_RATE for a, b in pairwise(starts))
    packets = list(sentence_packets(pieces(pcm, piece), Measuring()))
    assert len(packets) == math.ceil(len(pcm) / SAMPLE_RATE)
    assert sum(map(bool, packets)) == len(starts)


def test_units_of_text_follow_the_pictures() -> None:
    plan = SoundPlan.text(LinkAdapter())
    pcm = spoken((0.5, 5.0), (5.5, 12.0), (14.0, 15.0), seconds=18)
    sender = SoundSender(plan, pieces(pcm), Measuring())
    assert [(u.first, len(u.packets)) for u in sender.until(1.0)] == [(0, 8)]
    assert list(sender.until(7.0)) == []
    assert [(u.first, len(u.packets)) for u in sender.until(math.inf)] == [(8, 8), (16, 2)]
    assert sender.seconds == 18
    with pytest.raises(MissingComponent, match="SEMVID_TRANSMITTER_SPEECH_MODEL"):
        SoundSender(plan, iter([pcm]))


def test_memory_does_not_grow_with_the_length() -> None:
    def long_sound() -> Iterator[Pcm]:
        piece = spoken((0.0, 0.8), seconds=1)
        for _ in range(240):
            yield piece

    class Brief(Measuring):
        def transcribe(self, samples: Samples) -> str:
            return "yes"

    tracemalloc.start()
    try:
        assert sum(map(bool, sentence_packets(long_sound(), Brief()))) > 24
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40e6  # ten seconds are a megabyte; four minutes of them 23, in floats 184
