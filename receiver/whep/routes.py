"""WHEP over HTTP: an SDP offer in, an answer out, and DELETE (draft-ietf-wish-whep)."""

from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, status
from fastapi.responses import Response

from receiver.service import ReceiverService
from semvid.errors import Conflict, InvalidInput, NotFound, UnsupportedMedia
from semvid.service.problems import problem_responses

_SDP: Final = "application/sdp"
_TEXT: Final[dict[str, Any]] = {"schema": {"type": "string"}}
_LEAST_SIDE: Final = 32  # pixels; `semvid.video.writer` codes smaller and odd ones 4:4:4


def install_whep_routes(app: FastAPI, service: ReceiverService) -> None:
    """Adds ``POST /v1/videos/{video_id}/whep`` and ``DELETE /v1/videos/{video_id}/whep/{viewer}``.

    There is no PATCH: the answer holds every candidate, and connections are not restarted.
    """
    whep = APIRouter(prefix="/v1/videos/{video_id}/whep", responses=problem_responses(404))

    @whep.post(
        "",
        operation_id="watchLive",
        status_code=status.HTTP_201_CREATED,
        response_class=Response,
        responses={
            201: {"description": "the SDP answer; Location is the session", "content": {_SDP: _TEXT}},
            **problem_responses(409, 413, 415, 501, 503),
        },
        openapi_extra={"requestBody": {"required": True, "content": {_SDP: _TEXT}}},
    )
    async def watch(video_id: str, request: Request) -> Response:
        """Watches a live video by WebRTC, while it is made (WHEP)."""
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != _SDP:
            raise UnsupportedMedia(f"an offer is {_SDP}, this is {kind or 'of no type'}; see WHEP")
        try:
            offer = (await request.body()).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput("the offer is no text in UTF-8 (RFC 8866)") from error
        record = service.library.record(video_id)
        if not record.live:
            raise NotFound(f"video {record.id} was not sent live; it is at /v1/videos/{record.id}/content")
        audience = service.audience(video_id)
        if record.state.final or audience is None:
            raise Conflict(f"video {record.id} is over; it is at /v1/videos/{record.id}/content")
        width, height = record.width or 0, record.height or 0
        if width and (width % 2 or height % 2 or min(width, height) < _LEAST_SIDE):
            raise Conflict(
                f"video {record.id} has pictures of {width}x{height}, which no browser decodes by WebRTC: "
                f"sides must be even and {_LEAST_SIDE} or more; watch live.m3u8"
            )
        name, answer = await service.viewers.join(record.id, audience, offer)
        where = f"/v1/videos/{record.id}/whep/{name}"
        return Response(answer, status.HTTP_201_CREATED, {"Location": where}, _SDP)

    @whep.delete("/{viewer}", operation_id="endWatching", response_class=Response)
    async def end(video_id: str, viewer: str) -> Response:
        """Ends a session of `watchLive`."""
        await service.viewers.leave(service.library.record(video_id).id, viewer)
        return Response(status_code=status.HTTP_200_OK)

    app.include_router(whep)
