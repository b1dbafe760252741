"""The receiver's REST interface, and the process that serves it together with the link."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

import cv2
from fastapi import APIRouter, FastAPI, Path, Query, status
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry
from starlette.responses import FileResponse

from receiver.content import content_response
from receiver.cross_origin import allow_pages
from receiver.live_content import playlist_response, segment_response
from receiver.resources import (
    CaptionResource,
    ConstellationResource,
    GainsResource,
    KeyframeResource,
    QuestionResource,
    RunResource,
    VideoList,
    VideoResource,
)
from receiver.service import ReceiverService
from receiver.settings import ReceiverSettings
from receiver.whep.routes import install_whep_routes
from semvid import __version__
from semvid.errors import NotFound
from semvid.options import QuestionOptions
from semvid.phy import warm_up
from semvid.service.credentials import ask_for_keys
from semvid.service.door import install_door
from semvid.service.files import data_folder
from semvid.service.host import serve_http, started
from semvid.service.lock import sole_user
from semvid.service.logs import configure_logging
from semvid.service.metrics import install_metrics
from semvid.service.problems import everywhere, install_problem_handlers, problem_responses
from semvid.service.signed_links import AccessResource, SignedLinks
from semvid.service.trace_export import traces_to
from semvid.service.tracing import Traces
from semvid.service.uploads import bound_bodies

Offset = Annotated[int, Query(ge=0, le=2**31)]
Number = Annotated[int, Path(ge=0, le=2**31)]
Limit = Annotated[int, Query(ge=1, le=1000)]

_BODY_BYTES = 2**16  # of a request; the largest is a question

_MP4 = {"description": "the MP4", "content": {"video/mp4": {}}}
_CONTENT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        **_MP4,
        "headers": {
            "X-Semvid-State": {
                "schema": {"type": "string"},
                "description": "state of the video at that moment",
            }
        },
    },
    206: _MP4,
    416: {"description": "the range lies outside the file"},
    **problem_responses(409),
}


def create_app(settings: ReceiverSettings, traces: Traces | None = None) -> FastAPI:
    """The service as an ASGI application; its LinkService is served as long as the application lives.

    ``app.state.service`` is the `ReceiverService`, once the application has started.

    Args:
        settings: of the service.
        traces: where spans go; None: where the settings say. Closed when the application ends.

    Raises:
        InvalidInput, MissingComponent: the decoder or the file of keys that the settings name cannot be had,
            or a collector of traces is named and OpenTelemetry is not installed.
    """
    traces = traces or traces_to(settings.otel_endpoint, "receiver")
    registry = CollectorRegistry()
    service = ReceiverService(settings, registry, traces)
    library = service.library

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        setting = "SEMVID_RECEIVER_DATA_DIR"
        with sole_user(data_folder(settings.data_dir, setting), setting):
            await asyncio.to_thread(warm_up)  # compiles the physical layer now, not in the first transmission
            await service.start()
            yield
            await service.stop()
            await asyncio.to_thread(traces.close)

    app = FastAPI(
        title="semvid receiver",
        version=__version__,
        summary="Takes symbols, regenerates the video.",
        responses=everywhere(),
        lifespan=lifespan,
    )
    app.state.service = service
    install_problem_handlers(app)
    # each goes around those before it
    links = SignedLinks()
    ask_for_keys(app, settings, links)
    allow_pages(app, settings.allowed_origins)
    bound_bodies(app, _BODY_BYTES, settings.silence_s)
    public_host = urlsplit(settings.public_url).hostname or ""
    names = [settings.host, public_host, *settings.allowed_hosts]
    install_door(app, names, settings.allowed_origins, "SEMVID_RECEIVER_")
    install_metrics(app, registry)

    @app.get("/v1/videos", operation_id="listVideos", response_model=VideoList)
    async def list_all(offset: Offset = 0, limit: Limit = 50) -> VideoList:
        """Videos, newest first."""
        records = library.newest_first()
        page = records[offset : offset + limit]
        more = offset + limit < len(records)
        return VideoList(
            videos=[VideoResource.of(record, settings.public_url) for record in page],
            next_offset=offset + limit if more else None,
        )

    video = APIRouter(prefix="/v1/videos/{video_id}", responses=problem_responses(404))

    @video.get("", operation_id="getVideo", response_model=VideoResource)
    async def get(video_id: str) -> VideoResource:
        """State, progress, and everything that was lost."""
        return VideoResource.of(library.record(video_id), settings.public_url)

    @video.get("/access", operation_id="getVideoAccess", response_model=AccessResource)
    async def access(video_id: str) -> AccessResource:
        """A word that opens this video's addresses for a while, for players, which cannot show a key."""
        return links.sign(f"/v1/videos/{library.record(video_id).id}")

    @video.head("/content", include_in_schema=False)
    @video.get(
        "/content", operation_id="getVideoContent", response_class=Response, responses=_CONTENT_RESPONSES
    )
    def content(
        video_id: str,
        download: Annotated[bool, Query(description="ask browsers to save it, not to show it")] = False,
    ) -> Response:
        """The MP4. Finished: whole, with Range. In work: what can be played so far, without Range;
        409 with Retry-After while that is nothing."""
        return content_response(library.files(video_id), library.record(video_id), download)

    @video.get(
        "/live.m3u8",
        operation_id="getLivePlaylist",
        response_class=Response,
        responses={
            200: {"description": "the playlist", "content": {"application/vnd.apple.mpegurl": {}}},
            **problem_responses(409),
        },
    )
    def playlist(
        video_id: str,
        access: Annotated[str | None, Query(description="of a signed link; segments get it too")] = None,
    ) -> Response:
        """A live video as HLS with fragmented MP4: its newest seconds while it is made, then its last ones;
        409 with Retry-After while that is nothing."""
        return playlist_response(library.files(video_id), library.record(video_id), access)

    @video.get(
        "/live/{name}",
        operation_id="getLiveSegment",
        response_class=Response,
        responses={200: _MP4},
    )
    def live_segment(video_id: str, name: str) -> Response:
        """What the playlist names: how the video is coded, or one segment."""
        return segment_response(library.files(video_id), name)

    @video.get("/segments", operation_id="listSegments", response_model=list[RunResource])
    def segments(video_id: str, offset: Offset = 0, limit: Limit = 500) -> list[dict[str, Any]]:
        """Where every frame comes from: runs of frames in order."""
        return library.segments(video_id, offset, limit)

    @video.get("/keyframes", operation_id="listKeyframes", response_model=list[KeyframeResource])
    def keyframes(video_id: str, offset: Offset = 0, limit: Limit = 500) -> list[dict[str, Any]]:
        """Keyframes that arrived and were decoded."""
        return library.files(video_id).lines("keyframes", offset, limit)

    @video.get(
        "/keyframes/{number}",
        operation_id="getKeyframe",
        response_class=FileResponse,
        responses={200: {"content": {"image/png": {}}}},
    )
    def keyframe(video_id: str, number: Number) -> FileResponse:
        """A keyframe as received, PNG, at the size at which it was coded."""
        path = library.files(video_id).keyframe_png(number)
        if not path.exists():
            raise NotFound(f"video {video_id} has no keyframe {number}")
        return FileResponse(path, media_type="image/png")

    @video.get("/captions", operation_id="listCaptions", response_model=list[CaptionResource])
    def captions(video_id: str, offset: Offset = 0, limit: Limit = 500) -> list[dict[str, Any]]:
        """Captions that arrived."""
        return library.files(video_id).lines("captions", offset, limit)

    @video.get("/constellation", operation_id="getConstellation", response_model=ConstellationResource)
    def constellation(video_id: str) -> dict[str, Any]:
        """A few thousand equalised symbols, drawn evenly from all that were received."""
        return service.constellation(video_id)

    @video.post(
        "/questions",
        operation_id="askQuestion",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=QuestionResource,
        responses=problem_responses(409, 413, 422, 501, 503),
    )
    async def ask(video_id: str, asked: QuestionOptions, response: Response) -> dict[str, Any]:
        """Takes a question about a video (docs/questions.md); its resource says what becomes of it."""
        record = await service.questions.ask(video_id, asked)
        response.headers["Location"] = f"/v1/videos/{video_id}/questions/{record.id}"
        response.headers["Retry-After"] = "1"
        return record.to_json()

    @video.get("/questions", operation_id="listQuestions", response_model=list[QuestionResource])
    async def questions(video_id: str, offset: Offset = 0, limit: Limit = 500) -> list[dict[str, Any]]:
        """Questions about a video, those that wait last."""
        return service.questions.listed(video_id, offset, limit)

    @video.get("/questions/{question_id}", operation_id="getQuestion", response_model=QuestionResource)
    async def question(video_id: str, question_id: str) -> dict[str, Any]:
        """One question, and its answer or why there is none."""
        return service.questions.get(video_id, question_id)

    @video.get("/gains", operation_id="getGains", response_model=GainsResource)
    def gains(video_id: str) -> dict[str, Any]:
        """The channel's gain over time, and over frequency with OFDM, in a few hundred steps."""
        return service.gains(video_id)

    app.include_router(video)
    install_whep_routes(app, service)

    @app.get("/healthz", operation_id="health", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive", "version": __version__}

    @app.get("/readyz", operation_id="ready", include_in_schema=False)
    async def readyz() -> JSONResponse:
        code = status.HTTP_200_OK if service.serving else status.HTTP_503_SERVICE_UNAVAILABLE
        body = {
            "status": "ready" if service.serving else "stopping",
            "link_port": service.link_port,
            "decoder": settings.decoder,
        }
        return JSONResponse(body, status_code=code)

    return app


def main() -> None:
    """Runs the service with settings from the environment."""
    with started("receiver"):
        settings = ReceiverSettings.load()
        configure_logging("receiver", settings.log_level, settings.log_format)
        cv2.setNumThreads(1)  # segments run side by side in `workers` threads already
        serve_http(create_app(settings), settings.host, settings.port, settings, settings.drain_s)
