"""Sound packets as pictures advance."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from semvid.phy.adaptation import LinkAdapter
from semvid.semantics import SoundPackets
from semvid.sound.opus import OpusDecoder
from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence
from tests.synthetic_sound import bursts, onsets
from transmitter.sound.plan import SoundPlan
from transmitter.sound.sender import SoundSender

PLAN = SoundPlan.opus(16_000, 1, LinkAdapter())


def pieces(pcm: Pcm, size: int = 1_111) -> Iterator[Pcm]:
    return (pcm[at : at + size] for at in range(0, len(pcm), size))


def test_units_follow_the_pictures_and_are_never_small() -> None:
    sender = SoundSender(PLAN, pieces(bursts(4.5)))
    assert [unit.first for unit in sender.until(0.0)] == [0]
    assert list(sender.until(0.5)) == []
    assert [unit.first for unit in sender.until(2.3)] == [50, 100]
    assert sender.seconds == 3
    assert sender.symbols_put_aside == 3 * PLAN.symbols_per_s
    rest = list(sender.until(math.inf))
    assert [(unit.first, len(unit.packets)) for unit in rest] == [(150, 50), (200, 25)]
    assert list(sender.until(math.inf)) == []


def test_no_more_is_read_than_is_sent() -> None:
    read = []

    def sound() -> Iterator[Pcm]:
        for number in range(100):
            read.append(number)
            yield bursts(1)

    sender = SoundSender(PLAN, sound())
    assert len(list(sender.until(3.0))) == 4
    assert read == [0, 1, 2, 3]


def test_digital_silence_costs_nothing_and_what_follows_is_not_harmed() -> None:
    sound = bursts(1)
    quiet = silence(2 * SAMPLE_RATE, 1)
    sender = SoundSender(PLAN, pieces(np.concatenate([sound, quiet, sound])))
    packets = [packet for unit in sender.until(math.inf) for packet in unit.packets]
    empty = [number for number, packet in enumerate(packets) if not packet]
    assert empty == list(range(51, 150))  # the first silent one empties the coder
    decoder = OpusDecoder(1, 20)
    pcm = np.concatenate([decoder.decode(p) if p else silence(960, 1) for p in packets])
    assert onsets(pcm) == pytest.approx([0, 0.5, 3, 3.5], abs=0.004)


def test_memory_does_not_grow_with_the_length() -> None:
    def peak(seconds: int) -> int:
        one = bursts(1)
        sender = SoundSender(PLAN, (one for _ in range(seconds)))
        tracemalloc.start()
        for second in range(seconds):
            for unit in sender.until(second):
                assert isinstance(unit, SoundPackets)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(2)
    assert peak(30) < 1.2 * peak(5)
