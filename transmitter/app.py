"""The transmitter's REST interface."""

import asyncio
import hashlib
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    Query,
    Request,
    Response,
    UploadFile,
    status,
)
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from prometheus_client import CollectorRegistry
from structlog import get_logger

from semvid import __version__
from semvid.errors import InvalidInput, LimitExceeded
from semvid.link.peer import watched
from semvid.mllm.library import MllmLibrary
from semvid.options import TransmissionOptions
from semvid.phy import warm_up
from semvid.service.credentials import ask_for_keys
from semvid.service.door import install_door
from semvid.service.files import data_folder, replacing
from semvid.service.host import serve_http, started
from semvid.service.lock import sole_user
from semvid.service.logs import configure_logging
from semvid.service.metrics import install_metrics
from semvid.service.problems import everywhere, install_problem_handlers, problem_responses
from semvid.service.signed_links import AccessResource, SignedLinks
from semvid.service.trace_export import traces_to
from semvid.service.tracing import Traces, traceparent_of
from semvid.service.uploads import bound_bodies
from semvid.tokens.library import TokenLibrary
from semvid.video.limits import VideoLimits
from transmitter.acceptance import Acceptance
from transmitter.admission import admitting
from transmitter.channel_routes import install_channel_routes
from transmitter.job import Job
from transmitter.jobs import JobQueue, Retries
from transmitter.live.routes import install_live_routes, is_endless
from transmitter.metrics import TransmitterMetrics
from transmitter.page import install_page, is_page
from transmitter.partial_uploads import PartialUploads
from transmitter.pipeline import transmit
from transmitter.places import Place
from transmitter.questions import Respondent
from transmitter.records import stream_semantics
from transmitter.resources import TransmissionList, TransmissionResource
from transmitter.settings import TransmitterSettings
from transmitter.sound.speech.library import SpeechLibrary
from transmitter.source_file import source_response
from transmitter.upload_routes import install_upload_routes

_log = get_logger(__name__)
_FORM_OVERHEAD_BYTES = 2**20  # of a multipart body around the file
_COPIED_BYTES = 2**20  # at a time
_EVENT_ID = re.compile("[0-9]{1,18}")
_OPTIONS_EXAMPLE = '{"target_cbr": 0.0005, "seed": 7, "channel": {"snr_db": 10}}'


def create_app(settings: TransmitterSettings, traces: Traces | None = None) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: of the service.
        traces: where spans go; None: where the settings say. Closed when the application ends.

    Raises:
        InvalidInput, MissingComponent: the file of keys or of prompts that the settings name will not do, or
            a collector of traces is named and OpenTelemetry is not installed.
    """
    traces = traces or traces_to(settings.otel_endpoint, "transmitter")
    limits = VideoLimits(
        max_bytes=settings.max_upload_bytes,
        max_duration_s=settings.max_duration_s,
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
    )
    mllms = MllmLibrary(settings)
    speech = SpeechLibrary(settings.speech_model, settings)
    variable = "SEMVID_TRANSMITTER_TOKEN_MODEL"
    tokens = TokenLibrary(settings.token_model, settings.token_device, variable, fills=False)
    tls = settings.link_credentials()
    registry = CollectorRegistry()
    metrics = TransmitterMetrics(registry)

    async def run(job: Job) -> None:
        metrics.running.inc()
        metrics.waited.observe(max(0.0, time.time() - job.waiting_since))
        traces.span("queue wait", job.traceparent, job.waiting_since, transmission_id=job.id).end()
        try:
            with traces.span("attempt", job.traceparent, transmission_id=job.id, number=job.attempts) as span:
                await transmit(job, settings, limits, mllms, speech, tokens, span)
        finally:
            metrics.running.dec()
            metrics.count_attempt(job.facts)

    jobs = JobQueue(
        settings.data_dir,
        run,
        settings.concurrent_jobs,
        settings.queue_length,
        settings.kept_jobs,
        on_end=lambda state: metrics.finished.labels(state.value).inc(),
        retries=Retries(settings.attempts, settings.retry_pause_s, settings.longest_retry_pause_s),
        kept_source_bytes=settings.kept_source_bytes,
    )
    metrics.watch_queue(lambda: jobs.waiting, jobs.oldest_s)

    acceptance = Acceptance(jobs, settings, limits, mllms, speech, tokens)
    partials = PartialUploads(jobs, acceptance, settings.max_upload_bytes, settings.upload_idle_s, traces)
    respondent = Respondent(jobs, settings, limits, mllms)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        setting = "SEMVID_TRANSMITTER_DATA_DIR"
        with sole_user(data_folder(settings.data_dir, setting), setting):
            await asyncio.to_thread(warm_up)  # compiles the physical layer now, not in the first job
            async with watched(settings.link_target, tls) as app.state.next_hop:
                await jobs.start()
                partials.start()
                watching = asyncio.create_task(partials.watch())
                listening = asyncio.create_task(respondent.run()) if settings.answers_questions else None
                _log.info(
                    "transmitter serves",
                    host=settings.host,
                    port=settings.port,
                    link=settings.link_target,
                    keys=settings.keys_file is not None,
                    data=str(settings.data_dir),
                )
                yield
                if listening is not None:
                    listening.cancel()
                    await asyncio.wait({listening})
                watching.cancel()
                await partials.stop()
                await jobs.stop(settings.drain_s)
                await asyncio.to_thread(traces.close)
                _log.info("transmitter stopped")

    app = FastAPI(
        title="semvid transmitter",
        version=__version__,
        summary="Takes a video, sends what it means.",
        responses=everywhere(),
        lifespan=lifespan,
    )
    install_problem_handlers(app)
    # each goes around those before it
    links = SignedLinks()
    ask_for_keys(app, settings, links, is_public=is_page)
    bound_bodies(app, settings.max_upload_bytes + _FORM_OVERHEAD_BYTES, settings.silence_s, is_endless)
    install_door(app, [settings.host, *settings.allowed_hosts], [], "SEMVID_TRANSMITTER_")
    install_metrics(app, registry)

    uploads = APIRouter(route_class=admitting(jobs))

    @uploads.post(
        "/v1/transmissions",
        operation_id="createTransmission",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=TransmissionResource,
        responses=problem_responses(408, 409, 413, 415, 422, 429, 501, 503, 507),
    )
    async def create(
        request: Request,
        response: Response,
        file: Annotated[UploadFile, File(description="the video")],
        options: Annotated[
            str,
            Form(
                description="JSON, see schema TransmissionOptions",
                openapi_examples={"rate": {"value": _OPTIONS_EXAMPLE}},
            ),
        ] = "{}",
        idempotency_key: Annotated[  # noqa: ARG001 - read before the body is, see transmitter.admission
            str | None,
            Header(description="the same key and the same content again answer with the same transmission"),
        ] = None,
    ) -> dict[str, Any]:
        """Accepts a video for transmission; what is wrong with it is said here, not later.

        Its beginning, places in its middle and its end are decoded first, by a process that can crash alone.
        """
        chosen = await acceptance.choose(options)
        place: Place = request.state.place
        digest = None if place.key is None else await asyncio.to_thread(_digest, file, chosen)
        if place.known is None:
            parent = traceparent_of(request.headers.items())
            upload = traces.span("upload", parent, request.state.asked_at, transmission_id=place.job_id)
            with upload as span, jobs.upload(place) as folder:
                span.note(bytes=file.size or 0)
                await asyncio.to_thread(_store, file, folder / "upload", limits)
                job = await acceptance.accept(place, folder, file.filename or "", chosen, span, digest)
        elif place.known.digest == digest:
            job = place.known
        else:
            raise InvalidInput(
                f"another video or other options were handed in under the Idempotency-Key {place.key!r} "
                f"(transmission {place.known.id}); take a new key"
            )
        response.headers["Location"] = f"/v1/transmissions/{job.id}"
        response.headers["Retry-After"] = "1"
        return job.resource()

    app.include_router(uploads)
    install_upload_routes(app, partials, settings.max_upload_bytes)
    install_live_routes(app, jobs, acceptance, settings, limits, traces)

    @app.get("/v1/transmissions", operation_id="listTransmissions", response_model=TransmissionList)
    async def list_all(
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        """Transmissions, newest first."""
        everything = jobs.newest_first()
        more = offset + limit < len(everything)
        return {
            "transmissions": [job.resource() for job in everything[offset : offset + limit]],
            "next_offset": offset + limit if more else None,
        }

    @app.get(
        "/v1/transmissions/{transmission_id}",
        operation_id="getTransmission",
        response_model=TransmissionResource,
        responses=problem_responses(404),
    )
    async def get(transmission_id: str) -> dict[str, Any]:
        """State, progress, the ledger of symbols, and the link to the video at the receiver."""
        return jobs.get(transmission_id).resource()

    @app.get(
        "/v1/transmissions/{transmission_id}/semantics",
        operation_id="getSemantics",
        responses=problem_responses(404),
    )
    async def semantics(transmission_id: str) -> StreamingResponse:
        """Keyframes, every candidate's P(yes), P(no), S_rel and decision, captions, motion scores."""
        job = jobs.get(transmission_id)
        head = {
            "threshold": job.options.threshold,
            "rule": job.options.rule.value,
            "focus": job.options.focus.value,
            "mllm": job.options.mllm,
            "asked": job.facts.get("asked"),
        }
        return StreamingResponse(stream_semantics(job.folder, head), media_type="application/json")

    async def known(transmission_id: str) -> Job:  # asked before a stream begins with status 200
        return jobs.get(transmission_id)

    @app.get(
        "/v1/transmissions/{transmission_id}/events",
        operation_id="followTransmission",
        response_class=EventSourceResponse,
        responses=problem_responses(404),
    )
    async def events(
        job: Annotated[Job, Depends(known)], last_event_id: Annotated[str | None, Header()] = None
    ) -> AsyncIterator[ServerSentEvent]:
        """Progress and state changes as server-sent events; send Last-Event-ID to go on where you were."""
        after = int(last_event_id) if last_event_id and _EVENT_ID.fullmatch(last_event_id) else 0
        async for event in job.events.follow(after):
            yield event

    @app.get(
        "/v1/transmissions/{transmission_id}/access",
        operation_id="getTransmissionAccess",
        response_model=AccessResource,
        responses=problem_responses(404),
    )
    async def access(transmission_id: str) -> AccessResource:
        """A word that opens this transmission's addresses for a while, for what cannot show a key."""
        return links.sign(f"/v1/transmissions/{jobs.get(transmission_id).id}")

    @app.head("/v1/transmissions/{transmission_id}/source", include_in_schema=False)
    @app.get(
        "/v1/transmissions/{transmission_id}/source",
        operation_id="getSource",
        response_class=FileResponse,
        responses=problem_responses(404),
    )
    async def source_file(transmission_id: str) -> FileResponse:
        """The video as it was uploaded, with Range; kept for a while after the end."""
        return source_response(jobs.get(transmission_id).upload, transmission_id)

    install_channel_routes(app, jobs, settings, registry)

    @app.delete(
        "/v1/transmissions/{transmission_id}",
        operation_id="cancelTransmission",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=TransmissionResource,
        responses=problem_responses(404, 409),
    )
    async def cancel(transmission_id: str) -> dict[str, Any]:
        """Stops a transmission that is queued or running; the receiver keeps what arrived. A live one is
        ended, so that its video is whole; a second request breaks it off."""
        return jobs.cancel(transmission_id).resource()

    install_page(app, settings.receiver_url)

    @app.get("/healthz", operation_id="health", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive", "version": __version__}

    @app.get("/readyz", operation_id="ready", include_in_schema=False)
    async def readyz() -> JSONResponse:
        serving = app.state.next_hop.serving
        body = {"status": "ready" if serving else "waiting", "link": settings.link_target}
        return JSONResponse(body, status_code=200 if serving else 503)

    return app


def _store(file: UploadFile, path: Path, limits: VideoLimits) -> None:
    """Moves an upload to its place under the byte limit."""
    if (file.size or 0) > limits.max_bytes:
        raise LimitExceeded(f"the upload passes {limits.max_bytes} bytes; cut or re-encode the clip")
    file.file.seek(0)
    with replacing(path, durable=True) as out:
        shutil.copyfileobj(file.file, out, _COPIED_BYTES)


def _digest(file: UploadFile, options: TransmissionOptions) -> str:
    """Of what is handed in: the file and the options, whatever they were written like."""
    file.file.seek(0)
    digest = hashlib.sha256(options.model_dump_json().encode())
    while piece := file.file.read(_COPIED_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def main() -> None:
    """Runs the service with settings from the environment."""
    with started("transmitter"):
        settings = TransmitterSettings.load()
        configure_logging("transmitter", settings.log_level, settings.log_format)
        serve_http(create_app(settings), settings.host, settings.port, settings, settings.drain_s)
