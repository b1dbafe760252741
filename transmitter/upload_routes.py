"""Uploads in pieces over REST: tus 1.0.0 with creation, termination, expiration and checksum.

https://tus.io/protocols/resumable-upload: any client of that protocol will do. Which transmission an upload
has become is said in ``Content-Location``; it has the upload's id.
"""

import base64
import binascii
import re
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from semvid.errors import Conflict, InvalidInput, LimitExceeded, SemvidError, UnsupportedMedia
from semvid.service.keys import Key
from semvid.service.problems import refusal
from semvid.service.tracing import traceparent_of
from transmitter.job import Job
from transmitter.partial_uploads import Checksum, PartialUpload, PartialUploads

PATH: Final = "/v1/uploads"
VERSION: Final = "1.0.0"
_EXTENSIONS = "creation,termination,expiration,checksum"
_CONTENT = "application/offset+octet-stream"
_NUMBER = re.compile("[0-9]{1,15}")
_LONGEST_METADATA = 2**16  # characters


class _TusRoute(APIRoute):
    """Asks for the version, and tells it in every answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def spoken(request: Request) -> Response:
            if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
                told = f"the header Tus-Resumable must be {VERSION}; whole files go to POST /v1/transmissions"
                raise HTTPException(412, told, {"Tus-Version": VERSION})
            try:
                response = await handle(request)
            except SemvidError as error:
                response = refusal(error, request.url.path)
            response.headers["Tus-Resumable"] = VERSION
            return response

        return spoken


def install_upload_routes(app: FastAPI, uploads: PartialUploads, max_bytes: int) -> None:
    """Adds ``/v1/uploads`` to ``app``.

    Args:
        app: the transmitter's.
        uploads: behind it.
        max_bytes: of one.
    """
    routes = APIRouter(prefix=PATH, route_class=_TusRoute, include_in_schema=False)

    @routes.options("")
    @routes.options("/{upload_id}")
    async def can_do() -> Response:
        told = {
            "Tus-Version": VERSION,
            "Tus-Extension": _EXTENSIONS,
            "Tus-Max-Size": str(max_bytes),
            "Tus-Checksum-Algorithm": "sha1,sha256",
        }
        return Response(status_code=204, headers=told)

    @routes.post("")
    async def create(request: Request) -> Response:
        if request.headers.get("Idempotency-Key") is not None:
            raise InvalidInput(
                "an Idempotency-Key is for POST /v1/transmissions; an upload that is resumed is one by its id"
            )
        length = _number(request, "Upload-Length")
        metadata = _metadata(request.headers.get("Upload-Metadata", ""))
        name, options = metadata.get("filename", ""), metadata.get("options", "{}")
        parent = traceparent_of(request.headers.items())
        upload = await uploads.create(length, name, options, _caller(request), parent)
        headers = {"Location": f"{PATH}/{upload.record.id}", "Upload-Expires": _expires(uploads, upload)}
        return Response(status_code=201, headers=headers)

    @routes.head("/{upload_id}")
    async def offset(upload_id: str, request: Request) -> Response:
        found = await uploads.get(upload_id, _caller(request))
        headers = {"Cache-Control": "no-store", **_state(uploads, found)}
        return Response(status_code=200, headers=headers)

    @routes.patch("/{upload_id}")
    async def append(upload_id: str, request: Request) -> Response:
        if request.headers.get("Content-Type") != _CONTENT:
            raise UnsupportedMedia(f"a piece of an upload has the Content-Type {_CONTENT}")
        start = _number(request, "Upload-Offset")
        given = request.headers.get("Upload-Checksum")
        checksum = None if given is None else Checksum.parse(given)
        found = await uploads.get(upload_id, _caller(request))
        if isinstance(found, Job):
            raise Conflict(f"upload {upload_id} is whole, and is /v1/transmissions/{upload_id} now")
        announced = request.headers.get("Content-Length", "0")
        if announced.isdigit() and start + int(announced) > found.record.length:
            raise LimitExceeded(
                f"bytes {start} to {start + int(announced)} of an upload that was announced with "
                f"{found.record.length}; send no more, or begin another upload"
            )
        try:
            job = await uploads.append(found, start, request.stream(), checksum)
        except ClientDisconnect:  # nobody hears the answer; what came is kept
            return Response(status_code=204)
        return Response(status_code=204, headers=_state(uploads, found if job is None else job))

    @routes.delete("/{upload_id}")
    async def terminate(upload_id: str, request: Request) -> Response:
        found = await uploads.get(upload_id, _caller(request))
        if isinstance(found, Job):
            raise Conflict(
                f"upload {upload_id} is whole; cancel it with DELETE /v1/transmissions/{upload_id}"
            )
        uploads.terminate(found)
        return Response(status_code=204)

    app.include_router(routes)


def _state(uploads: PartialUploads, found: PartialUpload | Job) -> dict[str, str]:
    if isinstance(found, PartialUpload):
        return {
            "Upload-Offset": str(found.offset),
            "Upload-Length": str(found.record.length),
            "Upload-Expires": _expires(uploads, found),
        }
    length = str(found.source.get("bytes", 0))
    return {
        "Upload-Offset": length,
        "Upload-Length": length,
        "Content-Location": f"/v1/transmissions/{found.id}",
    }


def _expires(uploads: PartialUploads, upload: PartialUpload) -> str:
    return formatdate(uploads.expires(upload), usegmt=True)


def _caller(request: Request) -> Key | None:
    caller: Key | None = getattr(request.state, "caller", None)
    return caller


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(f"the header {name} must be a number of bytes, got {text[:40]!r}")
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Reads ``Upload-Metadata``: keys and base64 values, separated by commas."""
    if len(header) > _LONGEST_METADATA:
        raise InvalidInput(f"Upload-Metadata has more than {_LONGEST_METADATA} characters")
    found = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidInput(
                f"Upload-Metadata: the value of {key[:40]!r} is not base64 of UTF-8"
            ) from error
    return found
