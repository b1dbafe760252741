"""Questions on their way back through a channel."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest

from semvid.link.bootstrap import make_channel
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc

ASKED = [pb.Question(question_id=f"question-{n}", transmission_id="t", text="why?") for n in range(3)]


@pytest.fixture
def receiver(air):
    """Asks as it is told, and then waits or ends the call with a status."""

    class Asking(air.FakeReceiver):
        abort = None
        heard_by = 0

        async def Questions(self, request, context):
            self.heard_by += 1
            try:
                for question in ASKED:
                    yield question
                if self.abort:
                    await context.abort(*self.abort)
                await asyncio.Event().wait()
            finally:
                self.heard_by -= 1

    return Asking()


def listen(channel):
    return link_pb2_grpc.LinkServiceStub(channel).Questions(pb.QuestionsRequest())


@pytest.mark.parametrize("hops", [1, 2])
def test_questions_pass_unchanged_and_nobody_listens_when_the_sender_has_gone(air, receiver, hops):
    async def scene():
        async with (
            receiver,
            air.RunningChannel(receiver.target) as last,
            air.RunningChannel(last.target) as first,
            make_channel((last if hops == 1 else first).target) as sender,
        ):
            call = listen(sender)
            assert [await call.read() for _ in ASKED] == ASKED
            assert receiver.heard_by == 1
            call.cancel()
            await air.eventually(lambda: receiver.heard_by == 0)

    asyncio.run(scene())


def test_a_refusal_passes_with_its_words(air, receiver):
    receiver.abort = grpc.StatusCode.RESOURCE_EXHAUSTED, "16 listen already"

    async def scene():
        async with (
            receiver,
            air.RunningChannel(receiver.target) as channel,
            make_channel(channel.target) as sender,
        ):
            call = listen(sender)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                async for _ in call:
                    pass
            assert (refused.value.code(), refused.value.details()) == receiver.abort

    asyncio.run(scene())


def test_a_receiver_that_is_not_there_is_told_of(air):
    async def scene():
        async with air.RunningChannel("127.0.0.1:9") as channel, make_channel(channel.target) as sender:
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await listen(sender).read()
            assert failed.value.code() is grpc.StatusCode.UNAVAILABLE

    asyncio.run(scene())


def test_who_listens_does_not_keep_a_channel_from_stopping(air, receiver):
    async def scene():
        async with (
            receiver,
            air.RunningChannel(receiver.target) as channel,
            make_channel(channel.target) as sender,
        ):
            call = listen(sender)
            assert [await call.read() for _ in ASKED] == ASKED
            began = time.monotonic()
            await channel.service.stop(30)
            assert time.monotonic() - began < 10
            with pytest.raises(grpc.aio.AioRpcError, match="being stopped"):
                await call.read()
            await air.eventually(lambda: receiver.heard_by == 0)

    asyncio.run(scene())
