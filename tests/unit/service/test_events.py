from __future__ import annotations

import asyncio

from semvid.service.events import REPLAY, EventLog


async def _ids(log: EventLog, after: int = 0) -> list[int]:
    return [int(event.id or 0) async for event in log.follow(after)]


def test_every_reader_sees_every_event() -> None:
    async def scenario() -> tuple[list[int], list[int]]:
        log = EventLog()
        early = asyncio.create_task(_ids(log))
        await asyncio.sleep(0)
        for number in range(5):
            log.publish("progress", {"n": number})
            await asyncio.sleep(0)
        log.close()
        return await early, await _ids(log)

    early, late = asyncio.run(scenario())
    assert early == late == [1, 2, 3, 4, 5]


def test_a_reader_goes_on_where_it_was() -> None:
    async def scenario() -> list[int]:
        log = EventLog()
        for number in range(5):
            log.publish("progress", number)
        log.close()
        return await _ids(log, after=3)

    assert asyncio.run(scenario()) == [4, 5]


def test_the_log_is_bounded() -> None:
    async def scenario() -> list[int]:
        log = EventLog()
        for number in range(2 * REPLAY):
            log.publish("progress", number)
        log.close()
        return await _ids(log)

    ids = asyncio.run(scenario())
    assert len(ids) == REPLAY
    assert ids[-1] == 2 * REPLAY
