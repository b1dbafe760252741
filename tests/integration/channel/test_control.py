"""Conditions read, set, reset and watched while transmissions run."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import numpy as np
import pytest

from channel.conditions import Conditions
from channel.control import MAX_WATCHERS
from channel.noise import receive
from semvid.link.bootstrap import make_channel
from semvid.wire.v1 import channel_pb2 as pb
from semvid.wire.v1 import channel_pb2_grpc
from semvid.wire.v1.link_pb2 import ChannelConditions


@asynccontextmanager
async def _control(target):
    async with make_channel(target) as channel:
        yield channel_pb2_grpc.ChannelControlServiceStub(channel)


def test_get_tells_the_conditions_at_the_start_with_every_field_set(air):
    async def scene():
        async with (
            air.RunningChannel("127.0.0.1:1", model="rician", snr_db=-3.5, seed=2**64 - 1) as channel,
            _control(channel.target) as control,
        ):
            answer = await control.GetConditions(pb.GetConditionsRequest())
            assert answer.conditions == Conditions("rician", -3.5, seed=2**64 - 1).message()

    asyncio.run(scene())


def test_set_changes_only_what_is_set_and_holds_from_the_next_block_on(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, snr_db=10, seed=3) as channel,
            _control(channel.target) as control,
            air.Sender(channel.target) as sender,
        ):
            await sender.start()
            sent = air.qpsk(300)
            await sender.exchange(sent)
            change = ChannelConditions(model="rayleigh", snr_db=0)
            answer = await control.SetConditions(pb.SetConditionsRequest(conditions=change))
            assert answer.conditions == Conditions("rayleigh", 0, seed=3).message()
            await sender.exchange(sent)
            await control.ResetConditions(pb.ResetConditionsRequest())
            await sender.exchange(sent)
        at_start = Conditions(snr_db=10, seed=3)
        expected = [
            receive(sent, at_start, 0, 0),
            receive(sent, Conditions("rayleigh", 0, seed=3), 1, 300),
            receive(sent, at_start, 2, 600),
        ]
        for arrived, wanted in zip(receiver.blocks, expected, strict=True):
            np.testing.assert_array_equal(arrived, wanted)

    asyncio.run(scene())


def test_conditions_of_one_transmission_are_its_own_until_it_ends(air):
    def of(transmission_id):
        return pb.GetConditionsRequest(transmission_id=transmission_id)

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            _control(channel.target) as control,
            air.Sender(channel.target, "a") as first,
            air.Sender(channel.target, "b", ChannelConditions(snr_db=20)) as second,
        ):
            await first.start()
            await second.start()
            own = pb.SetConditionsRequest(transmission_id="a", conditions=ChannelConditions(snr_db=5))
            assert (await control.SetConditions(own)).conditions.snr_db == 5
            default = pb.SetConditionsRequest(conditions=ChannelConditions(snr_db=-5))
            await control.SetConditions(default)
            assert (await control.GetConditions(of(""))).conditions.snr_db == -5
            assert (await control.GetConditions(of("a"))).conditions.snr_db == 5
            assert (await control.GetConditions(of("b"))).conditions.snr_db == 20
            await control.ResetConditions(pb.ResetConditionsRequest())
            for each in ("", "a", "b"):
                assert (await control.GetConditions(of(each))).conditions.snr_db == 10
            await first.finish()
            await first.error()
            with pytest.raises(grpc.aio.AioRpcError) as gone:
                await control.GetConditions(of("a"))
            assert gone.value.code() is grpc.StatusCode.NOT_FOUND
            with pytest.raises(grpc.aio.AioRpcError) as gone:
                await control.SetConditions(own)
            assert gone.value.code() is grpc.StatusCode.NOT_FOUND

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (ChannelConditions(model="tdl"), "no channel model 'tdl'"),
        (ChannelConditions(model="trace:/etc/passwd"), "no channel model 'trace:/etc/passwd'"),
        (ChannelConditions(cfo_hz=1e6), "cfo_hz must lie in -100000..100000"),
        (ChannelConditions(snr_db=60.1), "snr_db must lie in -30..60"),
        (ChannelConditions(snr_db=float("nan")), "snr_db must lie in -30..60, got nan"),
        (ChannelConditions(coherence_symbols=0), "coherence_symbols must lie in 1.."),
        (ChannelConditions(coherence_symbols=2**24 + 1), "coherence_symbols must lie in 1.."),
        (ChannelConditions(rician_k_db=-20.1), "rician_k_db must lie in -20..40"),
    ],
)
def test_conditions_out_of_range_change_nothing(air, change, says):
    async def scene():
        async with air.RunningChannel("127.0.0.1:1") as channel, _control(channel.target) as control:
            before = await control.GetConditions(pb.GetConditionsRequest())
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await control.SetConditions(pb.SetConditionsRequest(conditions=change))
            assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert says in refusal.value.details()
            assert await control.GetConditions(pb.GetConditionsRequest()) == before

    asyncio.run(scene())


def test_watchers_hear_every_change_with_the_traffic_so_far(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            _control(channel.target) as control,
            air.Sender(channel.target) as sender,
        ):
            watch = control.WatchConditions(pb.WatchConditionsRequest())
            first = await watch.read()
            assert (first.conditions.snr_db, first.transmissions, first.blocks) == (10, 0, 0)
            await sender.start()
            await sender.exchange(air.qpsk(70))
            await control.SetConditions(pb.SetConditionsRequest(conditions=ChannelConditions(snr_db=7)))
            second = await asyncio.wait_for(watch.read(), 5)
            assert second.conditions.snr_db == 7
            assert (second.transmissions, second.blocks, second.symbols) == (1, 1, 70)
            await control.ResetConditions(pb.ResetConditionsRequest())
            assert (await asyncio.wait_for(watch.read(), 5)).conditions.snr_db == 10
            watch.cancel()

    asyncio.run(scene())


def test_watchers_are_bounded_and_do_not_hold_up_the_stop(air):
    async def scene():
        async with (
            air.RunningChannel("127.0.0.1:1") as channel,
            _control(channel.target) as control,
        ):
            watches = [control.WatchConditions(pb.WatchConditionsRequest()) for _ in range(MAX_WATCHERS)]
            for watch in watches:
                await watch.read()
            one_more = control.WatchConditions(pb.WatchConditionsRequest())
            assert await one_more.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            await asyncio.wait_for(channel.service.stop(grace_s=60), 5)
            for watch in watches:
                assert await watch.read() is grpc.aio.EOF

    asyncio.run(scene())
