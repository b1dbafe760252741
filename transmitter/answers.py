"""Answers to questions about a source: given by the job's model, sent in the place of a video.

They are the whole of a transmission with `TransmissionOptions.task`, and what crosses when somebody asks at
the receiver (`transmitter.questions`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from semvid.accounting import cbr
from semvid.answers import Answered, TaskAnswer, TaskHeader
from semvid.errors import TransmissionFailed
from semvid.link.packing import block_payloads
from semvid.mllm.meter import Meter
from semvid.mllm.shown import shown_frames
from semvid.options import TransmissionOptions
from semvid.semantics import SideUnit
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from transmitter.job import Job
from transmitter.link_call import LinkCall
from transmitter.link_sender import LinkSender, Received, account


@dataclass(frozen=True, slots=True)
class Receipt:
    """What answers cost, JSON-ready, and what became of them."""

    account: dict[str, Any]
    received: Received


async def answered(
    upload: Path, limits: VideoLimits, mllm: Meter, questions: Sequence[str]
) -> list[Answered]:
    """What ``mllm`` says of a source, in a thread.

    Raises:
        SemvidError: the model cannot be asked, or the source cannot be read.
    """
    return await asyncio.to_thread(mllm.answer, shown_frames(upload, limits), questions)


async def send_answers(call: LinkCall, options: TransmissionOptions, answers: Sequence[Answered]) -> Receipt:
    """Sends ``answers``, and nothing else, over a call that is open.

    Raises:
        TransmissionFailed: not all of them arrived.
        LinkFailed: the link broke off.
    """
    sender = LinkSender(call, options)
    await sender.sound()
    units: list[SideUnit] = [TaskHeader(len(answers)), *(TaskAnswer(n, one) for n, one in enumerate(answers))]
    limit = sender.harq.adapter.bulk_limit_bytes()
    delivery = await sender.ship(block_payloads(units, None, limit))
    received = await sender.finish()
    if not delivery.protected:
        link = sender.harq.record
        raise TransmissionFailed(
            f"answers were lost in all {link.rounds} rounds; the receiver last measured {link.snr_db:.1f} "
            "dB. Raise the SNR or allow more retransmissions"
        )
    return Receipt(account(sender.harq.record), received)


async def send_task(job: Job, source: SourceInfo, call: LinkCall, answers: Sequence[Answered]) -> None:
    """The answers to the questions of ``job``, with its facts kept up to date.

    Raises:
        SemvidError: as `send_answers`.
    """
    questions = job.options.task or ()
    job.advance("sending", 0.0)
    job.on_air = True
    receipt = await send_answers(call, job.options, answers)
    job.facts |= {
        **receipt.account,
        **asdict(receipt.received),
        "cbr": cbr(receipt.account["total_symbols"], source.frame_count_hint, source.height, source.width),
        "answers": [
            {"number": n, "question": question, **asdict(one)}
            for n, (question, one) in enumerate(zip(questions, answers, strict=True))
        ],
    }
