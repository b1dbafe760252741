"""The browser page: a few static files, and the headers under which a browser runs nothing else."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse

from semvid.errors import NotFound

FOLDER = Path(__file__).parent
_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


def is_page(path: str) -> bool:
    """Whether ``path`` is the page or one of its files, which hold nothing that is anybody's."""
    return path == "/" or path.startswith("/page/")


def install_page(app: FastAPI, receiver_url: str) -> None:
    """Serves the page at ``/`` and its files under ``/page/``.

    Args:
        app: whose public REST interface the page uses.
        receiver_url: base of the receiver's REST interface, the only other place that the page may ask.
    """
    files = {path.name: path for path in FOLDER.iterdir() if path.suffix in _MEDIA_TYPES}
    headers = _headers(receiver_url)

    def answer(name: str) -> FileResponse:
        path = files[name]
        return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return answer("index.html")

    @app.get("/page/{name}", include_in_schema=False)
    def page_file(name: Annotated[str, PathParameter(max_length=100)]) -> FileResponse:
        if name not in files:
            raise NotFound(f"the page has no file {name!r}; it begins at /")
        return answer(name)


def _headers(receiver_url: str) -> dict[str, str]:
    parts = urlsplit(receiver_url)
    receiver = f"{parts.scheme}://{parts.netloc}"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' {receiver}",
        "media-src": f"'self' {receiver} blob:",  # the page puts a live video's segments together
        "connect-src": f"'self' {receiver}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",  # a new version shows at once
    }
