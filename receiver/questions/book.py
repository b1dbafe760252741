"""Questions that wait for an answer, and who listens for them on the return direction."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog

from receiver.library import Library
from receiver.questions.incoming import IncomingAnswer
from receiver.questions.reconstruction import Reconstruction
from receiver.questions.record import QuestionRecord, State
from receiver.settings import ReceiverSettings
from semvid.errors import Busy, Conflict, LimitExceeded, LinkFailed, NotFound, SemvidError, TransmissionFailed
from semvid.options import AnsweredBy, QuestionOptions
from semvid.service.files import room_on_disk
from semvid.waveform import SINGLE_CARRIER, Waveform

MAX_LISTENERS: Final = 16
MAX_KEPT: Final = 1_000  # questions about one video

_log = structlog.get_logger(__name__)


class QuestionBook:
    """All questions of one receiver; final ones lie with their video. Use it from one event loop.

    A question to the source waits until a sender that listens answers it, `ReceiverSettings.question_wait_s`
    at most. One to the reconstruction is answered here, one at a time.

    Args:
        library: of the videos.
        settings: bounds.
        reconstruction: answers here.
    """

    def __init__(self, library: Library, settings: ReceiverSettings, reconstruction: Reconstruction) -> None:
        self._library, self._settings, self._reconstruction = library, settings, reconstruction
        self._waiting: dict[str, QuestionRecord] = {}
        self._answering: dict[str, asyncio.Task[None] | IncomingAnswer] = {}
        self._changed = asyncio.Event()
        self._listeners = 0
        self._closed = False

    async def ask(self, video_id: str, asked: QuestionOptions) -> QuestionRecord:
        """Takes a question, whose record tells what becomes of it.

        Raises:
            NotFound: no such video.
            Conflict: the reconstruction is asked, and there is none, or not yet.
            Busy: as many questions wait as may.
            LimitExceeded: as many were asked about this video as are kept.
            InvalidInput, MissingComponent: the model that is to answer here cannot be had.
        """
        record = QuestionRecord(self._library.record(video_id).id, asked.question, asked.answered_by)
        if self._closed:
            raise Busy("the receiver is being stopped; ask again when it is back")
        if len(self._waiting) >= self._settings.waiting_questions:
            raise Busy(
                f"{len(self._waiting)} questions wait already, the limit is "
                f"{self._settings.waiting_questions}; ask again when one is answered"
            )
        if len(self._kept(video_id)) >= MAX_KEPT:
            raise LimitExceeded(f"{MAX_KEPT} questions were asked about video {video_id}; send it anew")
        if asked.answered_by is AnsweredBy.RECONSTRUCTION:
            await self._ask_here(record)
        else:
            self._waiting[record.id] = record
            asyncio.get_running_loop().call_later(self._settings.question_wait_s, self._expire, record.id)
            self._wake()
        return record

    async def _ask_here(self, record: QuestionRecord) -> None:
        video = self._library.record(record.video_id)
        mp4 = self._library.files(record.video_id).mp4
        if video.answers_expected is not None:
            raise Conflict(f"transmission {video.id} carried answers and no video; ask of the source")
        if not video.state.final or not mp4.exists():
            raise Conflict(
                f"video {video.id} is {video.state}; its reconstruction can be asked about when it is "
                "SUCCEEDED or TRUNCATED"
            )
        await asyncio.to_thread(self._reconstruction.check)
        record.model = self._reconstruction.name
        self._waiting[record.id] = record
        self._answering[record.id] = asyncio.create_task(self._answer_here(record))

    async def _answer_here(self, record: QuestionRecord) -> None:
        try:
            mp4 = self._library.files(record.video_id).mp4
            record.settle(await self._reconstruction.answer(mp4, record.question))
        except SemvidError as error:
            record.fail(error)
        except Exception as error:
            _log.error("question cannot be answered", question=record.id, exc_info=error)
            record.fail(SemvidError("the receiver failed unexpectedly at a question; see its log"))
        self._end(record)

    def listed(self, video_id: str, offset: int, limit: int) -> list[dict[str, Any]]:
        """Questions about a video: final ones in the order of their ends, then those that wait.

        Raises:
            NotFound: no such video.
        """
        waiting = [one.to_json() for one in self._waiting.values() if one.video_id == video_id]
        return [*self._kept(video_id), *waiting][offset : offset + limit]

    def get(self, video_id: str, question_id: str) -> dict[str, Any]:
        """One of them.

        Raises:
            NotFound: no such video, or no such question about it.
        """
        for one in self.listed(video_id, 0, 2 * MAX_KEPT):
            if one["id"] == question_id:
                return one
        raise NotFound(f"no question {question_id!r} about video {video_id}")

    async def listen(self) -> AsyncIterator[QuestionRecord]:
        """Questions to the source: those that wait, then new ones, until `close`.

        Raises:
            Busy: as many listen as may.
        """
        if self._listeners >= MAX_LISTENERS:
            raise Busy(f"the receiver: {MAX_LISTENERS} listen for questions already, its limit")
        told: set[str] = set()
        self._listeners += 1
        try:
            while not self._closed:
                changed = self._changed
                waiting = [one for one in self._waiting.values() if one.answered_by is AnsweredBy.SOURCE]
                for record in waiting:
                    if record.id not in told and record.state is State.WAITING:
                        told.add(record.id)
                        yield record
                told &= self._waiting.keys()
                await changed.wait()
        finally:
            self._listeners -= 1

    def open(self, question_id: str, waveform: Waveform = SINGLE_CARRIER) -> IncomingAnswer:
        """A sender begins to answer, by bursts of this waveform.

        Raises:
            NotFound: no question waits under this id.
            Conflict: another sender answers it.
        """
        record = self._waiting.get(question_id)
        if record is None or record.answered_by is not AnsweredBy.SOURCE:
            raise NotFound(f"no question waits under {question_id!r}; it was answered, or its time is over")
        if question_id in self._answering:
            raise Conflict(f"question {question_id} is being answered by another sender")
        incoming = IncomingAnswer(record, self._settings, self._end, waveform)
        self._answering[question_id] = incoming
        return incoming

    def close(self) -> None:
        """Lets listeners go and gives up what waits, but for answers that are coming in."""
        self._closed = True
        self._wake()
        for record in list(self._waiting.values()):
            if not isinstance(self._answering.get(record.id), IncomingAnswer):
                record.fail(LinkFailed("the receiver was stopped before there was an answer; ask again"))
                self._end(record)
        self._reconstruction.close()

    def _wake(self) -> None:
        """Who listens looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _expire(self, question_id: str) -> None:
        record = self._waiting.get(question_id)
        if record is None or question_id in self._answering:
            return
        wait_s = self._settings.question_wait_s
        who = "no transmitter that has the source answered" if self._listeners else "no transmitter listened"
        record.fail(
            TransmissionFailed(
                f"{who} within {wait_s:g} s; start the one that sent the video, raise "
                "SEMVID_RECEIVER_QUESTION_WAIT_S, or ask of the reconstruction"
            )
        )
        self._end(record)

    def _kept(self, video_id: str) -> list[dict[str, Any]]:
        return self._library.files(video_id).lines("questions")

    def _end(self, record: QuestionRecord) -> None:
        """The record is final."""
        self._answering.pop(record.id, None)
        if self._waiting.pop(record.id, None) is None:
            return  # it was given up before
        try:
            with room_on_disk(self._settings.data_dir):
                self._library.files(record.video_id).add_question(record.to_json())
        except SemvidError as error:  # the video was dropped meanwhile, or the disk is full
            _log.error("question is not kept", question=record.id, detail=str(error))
        _log.info("question ended", question=record.id, video=record.video_id, state=record.state)
