"""semvid itself: the transmitter's own pipeline, the channel and the receiver's modules in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Final, cast

from evaluation.clips import Clip
from evaluation.in_process import InProcessCall, ReceivingEnd
from evaluation.link import Air, verified
from evaluation.method import Conditions, Outcome
from receiver.decoders import make_decoder
from semvid.accounting import SymbolClass
from semvid.errors import TransmissionFailed
from semvid.images.types import Picture
from semvid.video.limits import VideoLimits
from transmitter.jobs import Job
from transmitter.link_call import LinkCall
from transmitter.mllm.library import MllmLibrary
from transmitter.mllm.settings import MllmSettings
from transmitter.options import TransmissionOptions
from transmitter.pipeline import Transmission
from transmitter.records import SemanticsRecord

_ATTEMPTS: Final = 4  # at a target
_CLOSE: Final = 0.93  # of the target
_AIM: Final = 0.98
_SEGMENTS_AHEAD: Final = 4  # the transmitter's default; changes the pace, never the result


class Semvid:
    """The whole system with one choice of options.

    Args:
        name: of the row.
        options: of `transmitter.options.TransmissionOptions`; channel and target CBR come with each run.
        decoder: of the receiver, as in its settings.
    """

    def __init__(self, name: str, decoder: str = "embedded", **options: Any) -> None:
        self.name = name
        self._decoder_name, self._options = decoder, options
        self._mllms = MllmLibrary(MllmSettings())

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """See `evaluation.method.Method`.

        The transmitter aims at a CBR as it would be at 10 dB, from the first seconds of a clip. It is asked
        again, with what came out in mind, until it spends what it may: rivals know their channel beforehand.
        """
        if target_cbr is None:
            return self._run_once(clip, conditions, None, folder / "job")
        asked, within, outcome = target_cbr, 0.0, None
        for attempt in range(_ATTEMPTS):
            tried = self._run_once(clip, conditions, asked, folder / f"job-{attempt}")
            spent = clip.cbr(tried.crossed)
            if within < spent <= target_cbr:
                within, outcome = spent, tried
            if tried.failed or _CLOSE * target_cbr <= spent <= target_cbr:
                break
            asked = min(1.0, asked * _AIM * target_cbr / spent)
        return outcome or replace(tried, settings=tried.settings | {"over_target": spent / target_cbr})

    def _run_once(
        self, clip: Clip, conditions: Conditions, target_cbr: float | None, job_folder: Path
    ) -> Outcome:
        options = TransmissionOptions(target_cbr=target_cbr, **self._options)
        job = Job("clip", job_folder, options, {})
        job.folder.mkdir(parents=True)
        job.upload.symlink_to(clip.path.resolve())
        decoder = make_decoder(self._decoder_name)
        air, receiver = Air(conditions), ReceivingEnd(decoder)
        call = InProcessCall(air, receiver, decoder)
        try:
            with closing(SemanticsRecord(job.folder, clip.source.time_base)) as record:
                mllm = self._mllms.open(options.mllm, options.scoring)
                transmission = Transmission(
                    job, clip.source, VideoLimits(), record, cast(LinkCall, call), mllm
                )
                asyncio.run(transmission.run(_SEGMENTS_AHEAD))
        except TransmissionFailed as error:
            # the transmitter reports its ledger segment by segment, and the first never ended
            symbols = verified({SymbolClass.HEADER: air.crossed}, air)
            return Outcome(_nothing, symbols, air.crossed, settings=self._settings(job), failed=str(error))
        counted = {SymbolClass(name): count for name, count in job.facts["symbols"].items()}
        return shown(clip, receiver, verified(counted, air), air, self._settings(job))

    def _settings(self, job: Job) -> dict[str, Any]:
        kept = ("operating_point", "mcs", "blocks_sent", "retransmissions", "versions")
        return {
            "options": job.options.model_dump(mode="json", exclude_defaults=True),
            "decoder": self._decoder_name,
            **{name: job.facts[name] for name in kept if name in job.facts},
        }


def shown(
    clip: Clip, receiver: ReceivingEnd, symbols: dict[str, int], air: Air, settings: dict[str, Any]
) -> Outcome:
    """The outcome of a transmission of keyframes; what is missing at the end holds the last picture."""
    settings = settings | receiver.losses
    missing = len(clip.pictures) - receiver.frames
    if not receiver.frames:
        reason = "no keyframe could be decoded"
        return Outcome(_nothing, symbols, air.crossed, settings=settings, failed=reason)
    if missing:
        settings["frames_held_at_the_end"] = missing

    def pictures() -> Iterator[Picture]:
        last: Picture | None = None
        for picture in islice(receiver.pictures(), len(clip.pictures)):
            last = picture
            yield picture
        assert last is not None
        yield from chain(repeat(last, missing))

    return Outcome(pictures, symbols, air.crossed, sorted(receiver.keyframes), settings)


def _nothing() -> Iterator[Picture]:
    return iter(())
