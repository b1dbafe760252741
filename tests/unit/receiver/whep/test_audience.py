"""Pictures of one video to those who watch it: from a key picture on, at their time, and never too many."""

from __future__ import annotations

import asyncio
import threading
from fractions import Fraction

from receiver.whep.audience import Audience, Seat
from semvid.video.coded_picture import CodedPicture

RATE = 100


def shown(index: int, key: bool = False, size: int = 10) -> CodedPicture:
    return CodedPicture(bytes(size), Fraction(index, RATE), key)


async def all_of(seat: Seat) -> list[int]:
    """Which pictures a seat is given until its end."""
    seen = []
    while (picture := await seat.next()) is not None:
        seen.append(round(picture.at_s * RATE))
    return seen


def test_a_viewer_begins_with_the_next_key_picture_and_has_all_that_follow() -> None:
    async def watched() -> tuple[list[int], list[int]]:
        audience = Audience()
        early = audience.seat()
        for index in range(6):
            audience.show(shown(index, key=index in (0, 4)))
            if index == 1:
                late = audience.seat()
        audience.end()
        return await all_of(early), await all_of(late)

    assert asyncio.run(watched()) == ([0, 1, 2, 3, 4, 5], [4, 5])


def test_pictures_that_come_at_once_are_given_at_their_times() -> None:
    async def watched() -> list[float]:
        audience, loop = Audience(), asyncio.get_running_loop()
        seat = audience.seat()
        for index in range(0, 40, 10):
            audience.show(shown(index, key=not index))
        given = []
        for _ in range(4):
            await seat.next()
            given.append(loop.time())
        return [at - given[0] for at in given]

    for at, due in zip(asyncio.run(watched()), (0.0, 0.1, 0.2, 0.3), strict=True):
        assert due - 0.02 < at < due + 1  # never early; late as the machine is


def test_a_late_picture_puts_off_the_ones_after_it() -> None:
    async def watched() -> float:
        audience, loop = Audience(), asyncio.get_running_loop()
        seat = audience.seat()
        audience.show(shown(0, key=True))
        await seat.next()
        await asyncio.sleep(0.3)
        audience.show(shown(10))
        audience.show(shown(20))
        await seat.next()
        began = loop.time()
        await seat.next()
        return loop.time() - began

    assert asyncio.run(watched()) > 0.08  # and not at once, to make up for what was late


def test_who_falls_behind_goes_on_with_the_newest_key_picture() -> None:
    async def watched() -> tuple[list[int], int]:
        audience = Audience()
        seat = audience.seat(most_bytes=100)
        for index in range(13):  # ten fit
            audience.show(shown(index, key=index in (0, 4, 8)))
        audience.end()
        return await all_of(seat), seat.dropped

    assert asyncio.run(watched()) == ([8, 9, 10, 11, 12], 8)


def test_a_run_without_key_pictures_is_dropped_whole_up_to_the_next() -> None:
    async def watched() -> tuple[list[int], int]:
        audience = Audience()
        seat = audience.seat(most_bytes=100)
        for index in range(24):
            audience.show(shown(index, key=index in (0, 20)))
        audience.end()
        return await all_of(seat), seat.dropped

    assert asyncio.run(watched()) == ([20, 21, 22, 23], 20)


def test_what_waits_never_passes_the_bound() -> None:
    async def waiting() -> int:
        audience, most = Audience(), 0
        seat = audience.seat(most_bytes=1000)
        for index in range(500):
            audience.show(shown(index, key=index % 7 == 0, size=1 + index * 37 % 400))
            most = max(most, sum(len(one.data) for one in seat._waiting))
        return most

    assert 600 < asyncio.run(waiting()) <= 1000


def test_a_poor_way_is_given_key_pictures_only() -> None:
    async def watched() -> list[int]:
        audience = Audience()
        seat = audience.seat()
        for index in range(12):
            seat.keys_only = 3 <= index < 7
            audience.show(shown(index, key=index % 5 == 0))
        audience.end()
        return await all_of(seat)

    assert asyncio.run(watched()) == [0, 1, 2, 5, 10, 11]  # 7 to 9 lean on 6, which was left out


def test_the_thread_that_makes_the_video_wakes_who_waits() -> None:
    async def watched() -> list[int]:
        audience = Audience()
        seat = audience.seat()
        waiting = asyncio.create_task(all_of(seat))
        await asyncio.sleep(0.05)

        def make() -> None:
            for index in range(3):
                audience.show(shown(index, key=not index))
            audience.end()

        thread = threading.Thread(target=make)
        thread.start()
        seen = await asyncio.wait_for(waiting, 10)
        thread.join()
        return seen

    assert asyncio.run(watched()) == [0, 1, 2]


def test_who_comes_after_the_end_is_told_so_and_who_leaves_is_given_no_more() -> None:
    async def watched() -> tuple[list[int], list[int]]:
        audience = Audience()
        gone = audience.seat()
        audience.leave(gone)
        audience.show(shown(0, key=True))
        audience.end()
        return await all_of(gone), await all_of(audience.seat())

    assert asyncio.run(watched()) == ([], [])
