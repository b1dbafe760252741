"""What is put aside for sound is what it takes, where that is known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semvid.link.packing import sound_blocks
from semvid.phy.adaptation import LinkAdapter
from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence
from tests.synthetic_sound import bursts
from transmitter.sound.plan import SoundPlan
from transmitter.sound.sender import SoundSender
from transmitter.sound.trial import tried


@pytest.fixture
def adapter() -> LinkAdapter:
    link = LinkAdapter()
    link.observe(10.0, 10.0)
    return link


def test_silence_puts_next_to_nothing_aside(adapter: LinkAdapter) -> None:
    plan = SoundPlan.opus(12_000, 1, adapter)
    silent = tried(plan, iter([silence(8 * SAMPLE_RATE, 1)]), adapter)
    assert silent.put_aside_per_s < 0.1 * plan.put_aside_per_s
    assert silent.symbols_per_s == plan.symbols_per_s  # that sound may take at most goes by its bit rate


@pytest.mark.parametrize("pcm", [bursts(6.0), np.concatenate([bursts(2.0), silence(4 * SAMPLE_RATE, 1)])])
def test_what_is_put_aside_is_what_is_sent(adapter: LinkAdapter, pcm: Pcm) -> None:
    plan = tried(SoundPlan.opus(12_000, 1, adapter), iter([pcm]), adapter)
    sender = SoundSender(plan, iter([pcm]))
    blocks = [
        block for unit in sender.until(math.inf) for block in sound_blocks(unit, adapter.sound_limit_bytes())
    ]
    sizes = [len(block.bulk.data) for block in blocks if block.bulk is not None]
    assert sender.symbols_put_aside == pytest.approx(sum(map(adapter.sound_symbols, sizes)))


def test_without_any_sound_the_plan_stays(adapter: LinkAdapter) -> None:
    plan = SoundPlan.opus(12_000, 1, adapter)
    assert tried(plan, iter([]), adapter) == plan
