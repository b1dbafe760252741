"""How transmissions end: cancelled, late, refused, cut off."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest

from semvid.wire.v1 import link_pb2 as pb


@pytest.mark.parametrize("hops", [1, 2])
def test_cancelling_the_sender_cancels_the_receiver(air, hops):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, check_power=False, seed=1) as last,
            air.RunningChannel(last.target) as first,
            air.Sender((last if hops == 1 else first).target) as sender,
        ):
            await sender.start()
            await sender.exchange(air.qpsk(100))
            sender.call.cancel()
            await asyncio.wait_for(receiver.ended.wait(), 5)
            assert receiver.endings == ["cancelled"]

    asyncio.run(scene())


def test_a_sender_whose_connection_breaks_is_no_orderly_end(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            _Cuttable(channel.target) as cable,
            air.Sender(cable.target) as sender,
        ):
            await sender.start()
            await sender.exchange(air.qpsk(100))
            cable.cut()
            await asyncio.wait_for(receiver.ended.wait(), 5)
            assert receiver.endings == ["cancelled"]

    asyncio.run(scene())


def test_a_receiver_that_refuses_passes_its_status_back_unchanged(air):
    refusal = (grpc.StatusCode.RESOURCE_EXHAUSTED, "receiver: no place; try later", (("reason", "FULL"),))

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target) as sender,
        ):
            receiver.abort, receiver.summary_after = refusal, 1
            await sender.start()
            await sender.exchange(air.qpsk(100))
            assert await sender.error() == refusal[:2], "while the sender still has its side open"
            assert dict(await sender.call.trailing_metadata())["reason"] == "FULL"

    asyncio.run(scene())


def test_an_unavailable_that_the_receiver_itself_says_is_unchanged(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target) as sender,
        ):
            receiver.abort, receiver.summary_after = (grpc.StatusCode.UNAVAILABLE, "receiver: disk full"), 1
            await sender.start()
            await sender.exchange(air.qpsk(100))
            assert await sender.error() == receiver.abort

    asyncio.run(scene())


def test_a_receiver_that_finishes_early_ends_the_transmission(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target) as sender,
        ):
            receiver.summary_after = 2
            await sender.start()
            await sender.exchange(air.qpsk(100))
            await sender.exchange(air.qpsk(100))
            assert (await sender.call.read()).summary.bursts == 2
            assert (await sender.error())[0] is grpc.StatusCode.OK

    asyncio.run(scene())


def test_the_deadline_travels_with_the_call(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target, timeout=2.0) as sender,
            air.Sender(channel.target, "endless", timeout=None) as endless,
        ):
            await sender.start()
            assert 1.0 < receiver.remaining[0] <= 2.1  # gRPC rounds up
            await endless.start()
            assert receiver.remaining[1] is None
            started = time.monotonic()
            code, _ = await sender.error()
            assert code is grpc.StatusCode.DEADLINE_EXCEEDED
            assert time.monotonic() - started < 3.0
            await asyncio.wait_for(receiver.ended.wait(), 5)
            assert receiver.endings == ["cancelled"]

    asyncio.run(scene())


def test_no_receiver_names_the_target_and_the_remedy(air):
    async def scene():
        async with air.RunningChannel("127.0.0.1:1") as channel, air.Sender(channel.target) as sender:
            await sender.call.write(pb.TransmitRequest(open=sender.open))
            code, details = await sender.error()
            assert code is grpc.StatusCode.UNAVAILABLE
            assert "127.0.0.1:1 " in details
            assert "SEMVID_CHANNEL_RECEIVER" in details

    asyncio.run(scene())


def test_a_receiver_cut_off_in_the_middle_and_back_again(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            _Cuttable(receiver.target) as cable,
            air.RunningChannel(cable.target) as channel,
        ):
            async with air.Sender(channel.target) as sender:
                await sender.start()
                await sender.exchange(air.qpsk(100))
                cable.cut()
                code, details = await sender.error()
                assert code is grpc.StatusCode.UNAVAILABLE
                assert cable.target in details
                assert "SEMVID_CHANNEL_RECEIVER" in details
            async with air.Sender(channel.target) as sender:  # the same id: its place was given back
                assert (await sender.start()).video_url
                await sender.exchange(air.qpsk(100))
                assert (await sender.finish()).complete

    asyncio.run(scene())


def test_a_silent_sender_loses_its_place(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(
                receiver.target, max_transmissions=1, open_timeout_s=0.3, idle_timeout_s=0.3
            ) as channel,
        ):
            async with air.Sender(channel.target) as mute:
                code, details = await mute.error()
                assert code is grpc.StatusCode.UNAVAILABLE
                assert "silent for 0.3 s" in details
            async with air.Sender(channel.target) as idle:
                await idle.start()
                code, details = await idle.error()
                assert code is grpc.StatusCode.UNAVAILABLE
                assert "silent for 0.3 s" in details
            async with air.Sender(channel.target) as sender:
                await sender.start()
                await sender.exchange(air.qpsk(100))
                assert (await sender.finish()).complete

    asyncio.run(scene())


class _Cuttable:
    """A TCP relay to ``target`` whose connections can be reset."""

    def __init__(self, target):
        self._host, self._port = target.split(":")
        self._writers = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.target = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc):
        self._server.close()
        self.cut()

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader, writer):
        other_reader, other_writer = await asyncio.open_connection(self._host, self._port)
        self._writers += [writer, other_writer]
        await asyncio.gather(_copy(reader, other_writer), _copy(other_reader, writer))


async def _copy(reader, writer):
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
