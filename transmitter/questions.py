"""Questions that are asked at the receiver: heard on the return direction, answered about the source.

One at a time, in the order in which they come. Why a call that the transmitter opens and each answer a
transmission of its own: docs/decisions/0014-questions.md.
"""

import asyncio
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from pydantic import ValidationError

from semvid.answers import Answered, Outcome
from semvid.channel_options import ChannelOptions
from semvid.errors import NotFound, SemvidError
from semvid.mllm.library import MllmLibrary
from semvid.options import QuestionOptions
from semvid.video.limits import VideoLimits
from transmitter.answers import answered, send_answers
from transmitter.job import Job
from transmitter.jobs import JobQueue
from transmitter.link_call import LinkCall
from transmitter.question_call import Question, questions
from transmitter.settings import TransmitterSettings

KEPT: Final = 256  # questions about one job
_FIRST_PAUSE_S: Final = 0.5  # before the link is tried again; doubled with every further failure
_LONGEST_PAUSE_S: Final = 10.0
_log = structlog.get_logger(__name__)


class Respondent:
    """Listens for questions about the jobs of one queue, and answers them.

    Args:
        jobs: whose sources are asked about.
        settings: where the link is.
        limits: of sources.
        mllms: who answers.
    """

    def __init__(
        self, jobs: JobQueue, settings: TransmitterSettings, limits: VideoLimits, mllms: MllmLibrary
    ) -> None:
        self._jobs, self._settings, self._limits, self._mllms = jobs, settings, limits, mllms
        self._tls = settings.link_credentials()

    async def run(self) -> None:
        """For ever; a link that is down is tried again."""
        pause, told = _FIRST_PAUSE_S, ""
        while True:
            began = time.monotonic()
            try:
                async for question in questions(self._settings.link_target, self._tls):
                    await self._take(question)
            except SemvidError as error:
                if str(error) != told:
                    told = str(error)
                    _log.info("questions cannot be heard", detail=told)
            if time.monotonic() - began > _LONGEST_PAUSE_S:  # it stood for a while
                pause = _FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _take(self, question: Question) -> None:
        """Answers one question; whatever goes wrong with it, the next one is heard."""
        try:
            job = self._jobs.get(question.transmission_id)
        except NotFound:
            return  # another transmitter's
        try:
            await self._respond(job, question)
        except SemvidError as error:
            _log.warning(
                "question not answered", question=question.id, transmission_id=job.id, detail=str(error)
            )
        except Exception as error:
            _log.error(
                "question failed unexpectedly", question=question.id, transmission_id=job.id, exc_info=error
            )

    async def _respond(self, job: Job, question: Question) -> None:
        began = time.monotonic()
        asked_before = job.facts.get("questions_asked", 0)
        answer = await self._answer(job, question)
        emulation = _moved_on(job.options.channel, asked_before)
        settings = self._settings
        timeouts = settings.accept_timeout_s, settings.report_timeout_s, settings.report_timeout_s
        opening = question.id, 1, emulation, job.options.signal
        async with LinkCall(self._settings.link_target, *opening, *timeouts, self._tls) as call:
            receipt = await send_answers(call, job.options, [answer])
        noted: dict[str, Any] = {
            "id": question.id,
            "question": question.text,
            "answered_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **asdict(answer),
            "channel_seed": None if emulation is None else emulation.seed,
            **{
                name: receipt.account[name]
                for name in ("symbols", "bits", "total_symbols", "bursts_sent", "return_link")
            },
            "realised_snr_db": receipt.received.realised_snr_db,
            "question_bytes": question.size,
            "return_bytes": receipt.received.return_bytes,
            "seconds": round(time.monotonic() - began, 3),
        }
        self._jobs.note(
            job,
            questions_asked=asked_before + 1,
            questions=[*job.facts.get("questions", ()), noted][-KEPT:],
        )

    async def _answer(self, job: Job, question: Question) -> Answered:
        if not job.upload.is_file():
            return Answered("", outcome=Outcome.GONE)
        try:
            text = QuestionOptions(question=question.text).question
            mllm = await asyncio.to_thread(self._mllms.open, job.options.mllm, job.options.scoring)
            (answer,) = await answered(job.upload, self._limits, mllm, [text])
        except (SemvidError, ValidationError) as error:
            _log.warning(
                "question has no answer", question=question.id, transmission_id=job.id, detail=str(error)
            )
            return Answered("", outcome=Outcome.FAILED)
        return answer


def _moved_on(channel: ChannelOptions | None, answers: int) -> ChannelOptions | None:
    """Conditions of the video's transmission, with a seed of its own for each answer, so that not all of them
    meet the same noise."""
    if channel is None or channel.seed is None:
        return channel
    return channel.model_copy(update={"seed": (channel.seed + 1 + answers) % 2**63})
