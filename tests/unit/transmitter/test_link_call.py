"""A call that is cancelled just when a report comes."""

from __future__ import annotations

import asyncio

import pytest

from semvid.wire.v1 import link_pb2 as pb
from transmitter.link_call import LinkCall


class Stream:
    """A call whose next response is there when `answer` says so."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[pb.TransmitResponse] = asyncio.get_running_loop().create_future()

    async def read(self) -> pb.TransmitResponse:
        return await self.answer


@pytest.mark.parametrize("steps", range(4))
def test_a_cancellation_that_comes_with_a_report_is_not_lost(steps: int) -> None:
    async def scene() -> None:
        call = LinkCall.__new__(LinkCall)
        call._call, call._target = Stream(), "nobody"
        reading = asyncio.create_task(call._read("report", 5.0))
        await asyncio.sleep(0.01)
        call._call.answer.set_result(pb.TransmitResponse(report=pb.BlockReport()))
        for _ in range(steps):
            await asyncio.sleep(0)
        if not reading.done():
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading

    asyncio.run(scene())
