"""The MP4 over HTTP, finished or not."""

from collections.abc import Iterator
from pathlib import Path

from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from receiver.record import State, VideoRecord
from receiver.video_files import VideoFiles
from semvid.errors import NotFound

_CHUNK = 2**18


def content_response(files: VideoFiles, record: VideoRecord, download: bool = False) -> Response:
    """What can be played of a video now.

    A finished video is a file that does not change: Range, ETag and If-Range hold. One that is still being
    made is served up to its last whole fragment, without Range, since the next answer will be another file.

    Raises:
        NotFound: the video failed, or answers were sent and no video; nothing can be shown.
        HTTPException: 409 with Retry-After; nothing can be shown yet.
    """
    if record.answers_expected is not None:
        raise NotFound(
            f"transmission {record.id} carried answers and no video; they are in /v1/videos/{record.id}"
        )
    headers = {"X-Semvid-State": record.state.value}
    if record.state.final:
        if record.state is State.FAILED or not files.mp4.exists():
            detail = (record.error or {}).get("detail", "")
            raise NotFound(f"video {record.id} failed and has no content: {detail}")
        return FileResponse(
            files.mp4,
            media_type="video/mp4",
            filename=f"{record.id}.mp4",
            content_disposition_type="attachment" if download else "inline",
            headers=headers,
        )
    size = files.playable_bytes
    if not size:
        waiting = "is being received" if record.state is State.RECEIVING else "is being regenerated"
        raise HTTPException(
            409,
            f"video {record.id} {waiting} and nothing of it can be shown yet; try again",
            {"Retry-After": "1"},
        )
    headers |= {"Content-Length": str(size), "Accept-Ranges": "none", "Cache-Control": "no-store"}
    return StreamingResponse(_read(files.mp4, size), media_type="video/mp4", headers=headers)


def _read(path: Path, size: int) -> Iterator[bytes]:
    """The first ``size`` bytes of a file that grows or is replaced meanwhile."""
    with path.open("rb") as file:
        while size > 0 and (chunk := file.read(min(size, _CHUNK))):
            size -= len(chunk)
            yield chunk
