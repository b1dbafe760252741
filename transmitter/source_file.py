"""An uploaded video over HTTP, as a file that no browser takes for anything else."""

from pathlib import Path

from starlette.responses import FileResponse

from semvid.errors import NotFound
from semvid.video.boxes import starts_with_box

# The file is a stranger's and comes from our own origin: it may be played or saved, never run as a page.
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
_EBML = b"\x1a\x45\xdf\xa3"  # RFC 8794, 11.2.1: begins every Matroska and WebM file


def source_response(path: Path, transmission_id: str) -> FileResponse:
    """The upload of a transmission, with Range, ETag and If-Range.

    Raises:
        NotFound: it is not kept any more.
    """
    if not path.is_file():
        raise NotFound(
            f"the source of transmission {transmission_id} is not kept any more; sources of finished "
            "transmissions are kept up to SEMVID_TRANSMITTER_KEPT_SOURCE_BYTES, the oldest go first"
        )
    return FileResponse(path, media_type=_media_type(path), headers=_HARMLESS)


def _media_type(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(16)
    if starts_with_box(head):
        return "video/mp4"
    if head.startswith(_EBML):
        return "video/x-matroska"
    return "application/octet-stream"
