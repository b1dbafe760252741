"""The channel of a running transmission, looked at and changed over the transmitter's REST interface."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import numpy as np
import pytest

from semvid.channel_options import ChannelOptions
from semvid.errors import Conflict, InvalidInput, LinkFailed
from tests.integration.channel.conftest import FakeReceiver, RunningChannel, Sender
from transmitter.channel_call import change_conditions, conditions_of

SYMBOLS = np.ones(4000, np.complex64)


@asynccontextmanager
async def on_air(transmission_id: str):
    """A channel before a receiver, and one open transmission over it."""
    async with FakeReceiver() as receiver, RunningChannel(receiver.target, snr_db=20.0, seed=3) as channel:
        target = f"127.0.0.1:{channel.service.port}"
        async with Sender(target, transmission_id) as sender:
            await sender.start()
            yield target, sender, receiver


async def _noise_of_next_block_db(sender: Sender, receiver: FakeReceiver) -> float:
    """Mean power of what the channel adds to a block of unit power."""
    await sender.exchange(SYMBOLS)
    return float(10 * np.log10(np.mean(np.abs(receiver.blocks[-1] - SYMBOLS) ** 2)))


def test_a_change_is_in_force_from_the_next_burst_on_and_leaves_the_rest() -> None:
    async def scenario() -> None:
        async with on_air("abc") as (target, sender, receiver):
            assert await _noise_of_next_block_db(sender, receiver) == pytest.approx(-20, abs=0.5)
            before = await conditions_of(target, "abc")
            assert (before["model"], before["snr_db"], before["seed"]) == ("awgn", 20.0, 3)
            after = await change_conditions(target, "abc", ChannelOptions(snr_db=5))
            assert after == {**before, "snr_db": 5.0}
            assert await conditions_of(target, "abc") == after
            assert await _noise_of_next_block_db(sender, receiver) == pytest.approx(-5, abs=0.5)

    asyncio.run(scenario())


def test_what_cannot_be_changed_says_why() -> None:
    async def scenario() -> None:
        async with on_air("abc") as (target, _, receiver):
            with pytest.raises(InvalidInput, match="names no condition"):
                await change_conditions(target, "abc", ChannelOptions())
            with pytest.raises(Conflict, match="not on the air"):
                await change_conditions(target, "other", ChannelOptions(snr_db=5))
            with pytest.raises(Conflict, match="no channel emulator"):
                await conditions_of(receiver.target, "abc")
            assert (await conditions_of(target, "abc"))["snr_db"] == 20.0
        with pytest.raises(LinkFailed, match="UNAVAILABLE"):
            await conditions_of(target, "abc")

    asyncio.run(scenario())
