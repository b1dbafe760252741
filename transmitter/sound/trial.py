"""What the sound of a short video takes: coded once before its pictures are planned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from semvid.link.packing import sound_blocks
from semvid.phy.adaptation import LinkAdapter
from semvid.sound.pcm import Pcm
from transmitter.sound.plan import SoundPlan
from transmitter.sound.sender import SoundSender

LONGEST_S: Final = 60.0
"""Of a video whose sound is coded beforehand; later than that, rate control has seen what it takes."""


def tried(plan: SoundPlan, pcm: Iterator[Pcm], adapter: LinkAdapter) -> SoundPlan:
    """``plan`` that puts aside what its sound takes, and no more: coders save where little is heard.

    Args:
        plan: not of text.
        pcm: `semvid.sound.track.read_sound` of all of the source, mixed to the channels of the plan.
        adapter: that has observed the link.
    """
    sender, limit = SoundSender(plan, pcm), adapter.sound_limit_bytes()
    symbols = sum(
        adapter.sound_symbols(len(block.bulk.data))
        for unit in sender.until(math.inf)
        for block in sound_blocks(unit, limit)
        if block.bulk is not None
    )
    return replace(plan, tried_symbols_per_s=symbols / sender.seconds) if sender.seconds else plan
