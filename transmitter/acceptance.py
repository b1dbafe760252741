"""What is checked between the last byte of an upload and its place among the transmissions."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semvid.errors import UnsupportedMedia
from semvid.mllm.library import MllmLibrary
from semvid.options import HdrChoice, SoundChoice, TransmissionOptions
from semvid.semantics import PictureCoding
from semvid.service.tracing import Span
from semvid.sound.track import TrackInfo
from semvid.tokens.library import TokenLibrary
from semvid.video.examination import ExaminationBounds, examine_apart
from semvid.video.limits import VideoLimits
from semvid.video.picture_stream import LEAST_AV1_SIDE
from semvid.video.probe import SourceInfo
from semvid.video.remarks import remarks
from transmitter.faces.door import check_models, require_face
from transmitter.job import Job
from transmitter.jobs import JobQueue
from transmitter.live.stream import LiveStream
from transmitter.options import parse_options
from transmitter.places import Place
from transmitter.settings import TransmitterSettings
from transmitter.sound.door import track_of
from transmitter.sound.speech.library import SpeechLibrary

_LONGEST_NAME = 200  # characters of an upload's


class Acceptance:
    """Makes jobs of uploads, whichever way they came."""

    def __init__(
        self,
        jobs: JobQueue,
        settings: TransmitterSettings,
        limits: VideoLimits,
        mllms: MllmLibrary,
        speech: SpeechLibrary,
        tokens: TokenLibrary,
    ) -> None:
        self._jobs, self._settings, self._limits = jobs, settings, limits
        self._mllms, self._speech, self._tokens = mllms, speech, tokens
        self._bounds = ExaminationBounds(
            settings.look_memory_bytes, settings.look_cpu_s, settings.look_wall_s
        )
        self._looks = asyncio.Semaphore(settings.concurrent_looks)

    async def choose(self, options: str) -> TransmissionOptions:
        """The options of a request, its JSON.

        Raises:
            InvalidInput, MissingComponent: they cannot be, or what they need is not here.
        """
        chosen = parse_options(options, self._settings.mllm, self._settings.mllm_allowed)
        await asyncio.to_thread(self._mllms.check, chosen.mllm, chosen.scoring)
        if chosen.sound is SoundChoice.TEXT:
            await asyncio.to_thread(self._speech.check)
        if chosen.coding is PictureCoding.TOKENS:
            await asyncio.to_thread(self._tokens.check)
        if chosen.coding is PictureCoding.PORTRAIT:
            await asyncio.to_thread(check_models)
        return chosen

    async def accept(
        self,
        place: Place,
        folder: Path,
        name: str,
        chosen: TransmissionOptions,
        span: Span,
        digest: str | None = None,
        live: Callable[[Path, SourceInfo], LiveStream] | None = None,
    ) -> Job:
        """Looks at the upload in ``folder`` and puts it into the queue.

        Its beginning, places in its middle and its end are decoded first, by a process that can crash alone.

        Args:
            place: that it holds.
            folder: of the new job, with the file ``upload`` in it.
            name: of the file, as the client calls it.
            chosen: by `choose`.
            span: of the upload.
            digest: of what was handed in under an Idempotency-Key.
            live: opens the live source of which the upload is the beginning; None: it is a whole video.

        Raises:
            UnsupportedMedia, LimitExceeded, InvalidInput, MissingComponent: what is wrong with the video.
            StorageFull: there is no room to note it.
        """
        path, keeps_hdr = folder / "upload", chosen.hdr is HdrChoice.KEEP
        async with self._looks:
            with span.child("examine"):
                source = await asyncio.to_thread(examine_apart, path, self._limits, self._bounds)
                if keeps_hdr:
                    source = _keeping_hdr(source)
                if chosen.coding is PictureCoding.PORTRAIT:
                    await asyncio.to_thread(require_face, path, source, self._limits)
        track, _ = await asyncio.to_thread(track_of, path, chosen.sound, self._limits)
        described = {
            "name": name[-_LONGEST_NAME:],
            "bytes": path.stat().st_size,
            **_describe(source, track, keeps_hdr),
        }
        if live is not None:
            described |= {"live": True, "bytes": None, "duration_s": None, "frames": None}
        job = Job(
            place.job_id,
            chosen,
            described,
            folder=folder,
            idempotency_key=place.key,
            digest=digest,
            traceparent=span.traceparent,
        )
        job.live = None if live is None else await asyncio.to_thread(live, path, source)
        try:
            self._jobs.accept(job, place.caller)
        except BaseException:
            if job.live is not None:
                job.live.close()
            raise
        return job


def _keeping_hdr(source: SourceInfo) -> SourceInfo:
    """``source`` with its HDR kept; `UnsupportedMedia` where nobody could write that."""
    kept = source.keeping_hdr()
    if kept.kept is not None and min(kept.width, kept.height) < LEAST_AV1_SIDE:
        raise UnsupportedMedia(
            f"option hdr: HDR is kept in frames of {LEAST_AV1_SIDE} pixels each way at least, this video has "
            f"{kept.width}x{kept.height}; take tone-map"
        )
    return kept


def _describe(source: SourceInfo, track: TrackInfo | None, keeps_hdr: bool) -> dict[str, Any]:
    aspect = source.pixel_shape.aspect
    return {
        "width": source.width,
        "height": source.height,
        "frame_rate": round(float(source.frame_rate), 6),
        "duration_s": source.duration_s,
        "first_stamp_s": source.first_stamp_s,
        "frames": source.frame_count_hint,
        "codec": source.codec,
        "pixel_aspect": f"{aspect.numerator}:{aspect.denominator}",
        "colour": source.colour.describe(),
        "interlaced": source.interlaced,
        "video_tracks": source.video_tracks,
        "remarks": remarks(source, keeps_hdr),
        "sound": None if track is None else asdict(track),
    }
