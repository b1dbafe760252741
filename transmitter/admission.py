"""Who may hand in a video is decided before any of it is read."""

import re
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from semvid.errors import InvalidInput
from semvid.service.files import is_full, storage_full
from semvid.service.keys import Key
from transmitter.jobs import JobQueue

_KEY = re.compile("[!-~]{1,255}")


def admitting(jobs: JobQueue) -> type[APIRoute]:
    """Routes whose requests hold a place in ``jobs`` while they last, as ``request.state.place``;
    ``request.state.asked_at`` is the Unix time at which that began.

    They refuse with Busy, Conflict or QuotaExceeded, as `Places.place` does, and with StorageFull where
    there is no room for the body among the temporary files.
    """

    class AdmittedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()  # it reads the body before anything else

            async def admitted(request: Request) -> Response:
                # without a file of keys nobody is asked who they are
                caller: Key | None = getattr(request.state, "caller", None)
                with jobs.places.place(_key(request), caller) as place:
                    request.state.place, request.state.asked_at = place, time.time()
                    try:
                        return await handle(request)
                    except HTTPException as error:  # "There was an error parsing the body"
                        if is_full(error.__cause__):
                            raise storage_full(Path(tempfile.gettempdir())) from error
                        raise

            return admitted

    return AdmittedRoute


def _key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidInput("an Idempotency-Key has 1..255 visible ASCII characters")
    return key
