"""Which pages may read the receiver's REST interface from a browser (CORS)."""

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware


def allow_pages(app: FastAPI, origins: Sequence[str]) -> None:
    """Lets pages of the named ``origins`` read answers, ask questions, and watch by WHEP; nothing else can be
    written here.

    Cookies are never allowed: there are none; a key is shown in a header. Ranges and the headers of refusals
    are visible.
    """
    if not origins:
        return
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Range"],
        expose_headers=[
            *("Accept-Ranges", "Content-Length", "Content-Range"),
            *("Location", "Retry-After", "X-Semvid-State"),
        ],
    )
