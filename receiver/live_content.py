"""Playlist and segments of a live video over HTTP."""

import re
from typing import Final
from urllib.parse import quote

from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

from receiver.live_video import END, HEAD, PLAYLIST, SUFFIX
from receiver.record import VideoRecord
from receiver.video_files import VideoFiles
from semvid.errors import NotFound
from semvid.service.signed_links import PARAMETER

_PLAYLIST_TYPE: Final = "application/vnd.apple.mpegurl"  # RFC 8216, 10
_NAME: Final = re.compile(rf"{re.escape(HEAD)}|\d{{1,10}}{re.escape(SUFFIX)}")
_SEGMENT_KEPT_S: Final = 60  # by a player; a segment never changes


def playlist_response(files: VideoFiles, record: VideoRecord, access: str | None) -> Response:
    """The playlist as it is now, with addresses that open with the same word as it was asked for with.

    Raises:
        NotFound: the video was not sent live, or nothing of it can be shown.
        HTTPException: 409 with Retry-After; nothing can be shown yet.
    """
    if not record.live:
        raise NotFound(f"video {record.id} was not sent live; it is at /v1/videos/{record.id}/content")
    try:
        text = (files.live / PLAYLIST).read_text(encoding="utf-8")
    except FileNotFoundError:
        if record.state.final:
            detail = (record.error or {}).get("detail", "")
            raise NotFound(f"nothing of video {record.id} can be shown: {detail}") from None
        raise HTTPException(
            409, f"nothing of video {record.id} can be shown yet; try again", {"Retry-After": "1"}
        ) from None
    if record.state.final and not text.endswith(END):  # the receiver was killed meanwhile
        text += END
    query = "" if access is None else f"?{PARAMETER}={quote(access, safe='')}"
    return Response(
        re.sub(rf"({_NAME.pattern})", rf"live/\1{query}", text),
        media_type=_PLAYLIST_TYPE,
        headers={"Cache-Control": "no-store", "X-Semvid-State": record.state.value},
    )


def segment_response(files: VideoFiles, name: str) -> Response:
    """One of the files that the playlist names.

    Raises:
        NotFound: there is none, or it has left the window.
    """
    path = files.live / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound(f"there is no segment {name[:40]!r}, or it is past; ask for the playlist again")
    headers = {"Cache-Control": f"private, max-age={_SEGMENT_KEPT_S}"}
    return FileResponse(path, media_type="video/mp4", headers=headers)
