"""Handing in a live source: its beginning, which is examined as any upload; then the rest, as it comes."""

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Form, Request, Response, UploadFile, status
from starlette.requests import ClientDisconnect

from semvid.errors import Conflict, LimitExceeded, TooSlow, UnsupportedMedia
from semvid.service.files import replacing
from semvid.service.problems import problem_responses
from semvid.service.tracing import Traces, traceparent_of
from semvid.video.limits import VideoLimits
from transmitter.acceptance import Acceptance
from transmitter.admission import admitting
from transmitter.jobs import JobQueue
from transmitter.live.door import live_options, opener
from transmitter.places import Place
from transmitter.resources import TransmissionResource
from transmitter.settings import TransmitterSettings

_EBML = b"\x1a\x45\xdf\xa3"  # RFC 8794, 11.2.1: begins every Matroska file
_REST = re.compile("/v1/transmissions/[^/]+/live/?")


def is_endless(path: str) -> bool:
    """Whether the body of a request to ``path`` may be of any length."""
    return _REST.fullmatch(path) is not None


def install_live_routes(
    app: FastAPI,
    jobs: JobQueue,
    acceptance: Acceptance,
    settings: TransmitterSettings,
    limits: VideoLimits,
    traces: Traces,
) -> None:
    """Adds ``POST /v1/live`` and ``PUT /v1/transmissions/{id}/live`` to the transmitter's ``app``."""
    beginnings = APIRouter(route_class=admitting(jobs))

    @beginnings.post(
        "/v1/live",
        operation_id="beginLive",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=TransmissionResource,
        responses=problem_responses(408, 413, 415, 422, 429, 501, 503, 507),
    )
    async def begin(
        request: Request,
        response: Response,
        file: Annotated[UploadFile, File(description="its beginning: some seconds of Matroska")],
        options: Annotated[str, Form(description="JSON, see schema TransmissionOptions")] = "{}",
    ) -> dict[str, Any]:
        """Begins a live transmission, planned on what is handed in here; the rest follows by
        `PUT /v1/transmissions/{id}/live`."""
        place: Place = request.state.place
        jobs.places.require_worker(place)
        chosen = live_options(await acceptance.choose(options))
        parent = traceparent_of(request.headers.items())
        upload = traces.span("upload", parent, request.state.asked_at, transmission_id=place.job_id)
        with upload as span, jobs.upload(place) as folder:
            head = await file.read(limits.max_bytes + 1)
            if len(head) > limits.max_bytes:
                raise LimitExceeded(f"the beginning passes {limits.max_bytes} bytes; hand in a second or two")
            if not head.startswith(_EBML):
                raise UnsupportedMedia(
                    "a live source is handed in as Matroska, so that it can go on; `semvid send --live` "
                    "makes that of any source"
                )
            await asyncio.to_thread(_store, head, folder)
            opened = opener(settings, limits)
            job = await acceptance.accept(place, folder, file.filename or "", chosen, span, live=opened)
        response.headers["Location"] = f"/v1/transmissions/{job.id}"
        return job.resource()

    app.include_router(beginnings)

    @app.put(
        "/v1/transmissions/{transmission_id}/live",
        operation_id="continueLive",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=TransmissionResource,
        responses=problem_responses(404, 408, 409),
    )
    async def go_on(transmission_id: str, request: Request) -> dict[str, Any]:
        """Takes the rest of a live source, from where its beginning ends, for as long as the request lasts;
        its end is the end of the video. Nothing of it is kept."""
        job = jobs.get(transmission_id)
        if (live := job.live) is None:
            what = "has ended" if job.is_live else "is that of a whole video"
            raise Conflict(f"transmission {transmission_id} {what}, and takes no more of a source")
        live.claim()
        try:
            async for piece in request.stream():
                if live.ended:
                    break
                await live.feed(piece)
            live.end("the source is over")
        except ClientDisconnect:
            live.end("the connection of the source broke off")
        except TooSlow:
            live.end("the source fell silent")
            raise
        finally:
            live.end("the transmitter was stopped")
        return job.resource()


def _store(head: bytes, folder: Path) -> None:
    with replacing(folder / "upload", durable=False) as out:
        out.write(head)
