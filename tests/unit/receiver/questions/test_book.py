"""Questions that wait: how many, how long, who hears them, and who may answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from receiver.library import Library
from receiver.questions.book import MAX_LISTENERS, QuestionBook
from receiver.questions.record import PREFIX, QuestionRecord
from receiver.record import State
from receiver.settings import ReceiverSettings
from semvid import bitstream
from semvid.answers import Answered, Outcome, TaskAnswer, TaskHeader
from semvid.errors import Busy, Conflict, InvalidInput, LinkFailed, NotFound
from semvid.link.symbols import pack_symbols
from semvid.options import AnsweredBy, QuestionOptions
from semvid.phy.block import Block, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import sounding

DOGS = QuestionOptions(question="how many dogs are there?")
HERE = DOGS.model_copy(update={"answered_by": AnsweredBy.RECONSTRUCTION})


class Witness:
    """Stands for the receiver's own model."""

    name = "witness"
    closed = False

    def __init__(self, answered: Answered | Exception) -> None:
        self.answered, self.asked = answered, list[tuple[str, str]]()

    def check(self) -> None:
        return

    async def answer(self, mp4: Path, question: str) -> Answered:
        self.asked.append((mp4.name, question))
        if isinstance(self.answered, Exception):
            raise self.answered
        return self.answered

    def close(self) -> None:
        self.closed = True


def run(
    folder: Path,
    scene: Callable[[QuestionBook, Library], Awaitable[None]],
    witness: Witness | None = None,
    **settings: Any,
) -> None:
    async def inside() -> None:
        library = Library(folder / "videos", 10, 10**9)
        library.recover()
        files, record = library.create("v", "embedded")
        files.mp4.write_bytes(b"mp4")
        record.state = State.SUCCEEDED
        files.save(record)
        library.finish("v")
        given = ReceiverSettings(data_dir=folder, **settings)
        book = QuestionBook(library, given, witness or Witness(Answered("yes")))  # type: ignore[arg-type]
        async with asyncio.timeout(20):
            await scene(book, library)

    asyncio.run(inside())


def of(book: QuestionBook, record: QuestionRecord) -> dict[str, Any]:
    return book.get("v", record.id)


async def settled(book: QuestionBook, record: QuestionRecord) -> dict[str, Any]:
    while of(book, record)["state"] == "WAITING":
        await asyncio.sleep(0.01)
    return of(book, record)


def bursts(*answers: TaskAnswer) -> list[bytes]:
    payload = TransportBlock(bitstream.pack([TaskHeader(), *answers]), MCS_TABLE[6])
    return [pack_symbols(s) for s in (sounding(), modulate(Block(1, 0, payload, None, aggregation=1)))]


def test_an_answer_from_the_source(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, library: Library) -> None:
        record = await book.ask("v", DOGS)
        assert record.id.startswith(PREFIX)
        heard = await anext(book.listen())
        assert heard is record
        incoming = book.open(record.id)
        with pytest.raises(Conflict, match="another sender"):
            book.open(record.id)
        for data in bursts(TaskAnswer(0, Answered("one dog", 0.9))):
            await incoming.take(data)
        summary = await incoming.end(return_bytes=40)
        assert summary.complete
        told = of(book, record)
        assert (told["state"], told["answer"], told["sure"]) == ("ANSWERED", "one dog", 0.9)
        assert (told["return_bytes"], told["bursts_received"]) == (40, 2)
        assert told["symbols_received"] == sum(
            len(data) // 8 for data in bursts(TaskAnswer(0, Answered("one dog", 0.9)))
        )
        assert book.listed("v", 0, 10) == library.files("v").lines("questions") == [told]
        with pytest.raises(NotFound):
            book.open(record.id)

    run(tmp_path, scene)


@pytest.mark.parametrize(
    ("outcome", "state", "status"),
    [(Outcome.OUTSIDE, "REFUSED", 422), (Outcome.GONE, "FAILED", 410), (Outcome.FAILED, "FAILED", 502)],
)
def test_why_there_is_no_answer(tmp_path: Path, outcome: Outcome, state: str, status: int) -> None:
    async def scene(book: QuestionBook, _: Library) -> None:
        record = await book.ask("v", DOGS)
        incoming = book.open(record.id)
        for data in bursts(TaskAnswer(0, Answered("", outcome=outcome))):
            await incoming.take(data)
        await incoming.end(0)
        told = of(book, record)
        assert (told["state"], told["error"]["status"], told["answer"]) == (state, status, None)

    run(tmp_path, scene)


def test_an_answer_that_is_lost_and_a_call_that_breaks(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, _: Library) -> None:
        lost, broken = [await book.ask("v", DOGS) for _ in range(2)]
        incoming = book.open(lost.id)
        await incoming.take(bursts()[0])
        assert not (await incoming.end(0)).complete
        assert "lost on the way" in of(book, lost)["error"]["detail"]
        book.open(broken.id).break_off(LinkFailed("cut"))
        assert of(book, broken)["error"]["detail"] == "cut"

    run(tmp_path, scene)


def test_who_answers_a_question_sends_no_video(tmp_path: Path) -> None:
    from semvid.semantics import StreamEnd

    async def scene(book: QuestionBook, _: Library) -> None:
        incoming = book.open((await book.ask("v", DOGS)).id)
        payload = TransportBlock(bitstream.pack([StreamEnd(3, 2)]), MCS_TABLE[6])
        with pytest.raises(InvalidInput, match="carries no video"):
            await incoming.take(pack_symbols(modulate(Block(1, 0, payload, None, aggregation=1))))

    run(tmp_path, scene)


def test_time_is_over(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, _: Library) -> None:
        record = await book.ask("v", DOGS)
        told = await settled(book, record)
        assert (told["state"], told["error"]["code"]) == ("FAILED", "TRANSMISSION_FAILED")
        assert "no transmitter listened within 0.05 s" in told["error"]["detail"]
        with pytest.raises(NotFound, match="time is over"):
            book.open(record.id)

    run(tmp_path, scene, question_wait_s=0.05)


def test_who_is_answering_when_time_is_over_may_finish(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, _: Library) -> None:
        record = await book.ask("v", DOGS)
        incoming = book.open(record.id)
        await asyncio.sleep(0.1)
        for data in bursts(TaskAnswer(0, Answered("yes"))):
            await incoming.take(data)
        await incoming.end(0)
        assert of(book, record)["answer"] == "yes"

    run(tmp_path, scene, question_wait_s=0.05)


def test_one_more_than_may_wait_is_refused(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, _: Library) -> None:
        for _n in range(2):
            await book.ask("v", DOGS)
        with pytest.raises(Busy, match="the limit is 2"):
            await book.ask("v", DOGS)
        with pytest.raises(NotFound):
            await book.ask("w", DOGS)

    run(tmp_path, scene, waiting_questions=2)


def test_listeners_hear_what_waits_and_what_comes_and_are_let_go(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, _: Library) -> None:
        heard: list[str] = []

        async def listen() -> None:
            async for record in book.listen():
                heard.append(record.id)  # noqa: PERF401 - as it comes, not when all is over

        first = await book.ask("v", DOGS)
        listening = [asyncio.create_task(listen()) for _ in range(MAX_LISTENERS)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await anext(book.listen())
        second = await book.ask("v", DOGS)
        await book.ask("v", HERE)  # is nobody else's
        await asyncio.sleep(0.01)
        assert sorted(heard) == sorted([first.id, second.id] * MAX_LISTENERS)
        book.close()
        await asyncio.gather(*listening)
        assert "stopped" in of(book, first)["error"]["detail"]
        with pytest.raises(Busy, match="being stopped"):
            await book.ask("v", DOGS)

    run(tmp_path, scene)


def test_the_reconstruction_answers_here(tmp_path: Path) -> None:
    witness = Witness(Answered("two", 0.4))

    async def scene(book: QuestionBook, _: Library) -> None:
        record = await book.ask("v", HERE)
        with pytest.raises(NotFound):
            book.open(record.id)
        told = await settled(book, record)
        assert (told["answer"], told["sure"], told["model"]) == ("two", 0.4, "witness")
        assert told["symbols_received"] == told["question_bytes"] == 0
        assert witness.asked == [("video.mp4", DOGS.question)]
        witness.answered = RuntimeError("oops")
        told = await settled(book, await book.ask("v", HERE))
        assert (told["state"], told["error"]["status"]) == ("FAILED", 500)

    run(tmp_path, scene, witness)


def test_a_reconstruction_that_is_not_there_cannot_be_asked(tmp_path: Path) -> None:
    async def scene(book: QuestionBook, library: Library) -> None:
        _, receiving = library.create("now", "embedded")
        with pytest.raises(Conflict, match="RECEIVING"):
            await book.ask("now", HERE)
        receiving.answers_expected = 2
        with pytest.raises(Conflict, match="answers and no video"):
            await book.ask("now", HERE)

    run(tmp_path, scene)
