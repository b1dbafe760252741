"""Errors over HTTP as ``application/problem+json`` (RFC 9457)."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from semvid.errors import SemvidError

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
# what clients are told beside the document; after 408 the rest of the body would be taken for a request
_MORE = {408: {"Connection": "close"}, 429: {"Retry-After": "3600"}, 503: {"Retry-After": "5"}}

_log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """One refusal, as RFC 9457 has it."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Limit exceeded"])
    status: int = Field(examples=[413])
    detail: str = Field(examples=["the upload has 5.1 GiB, the limit is 4 GiB; cut the clip or raise it"])
    code: str = Field(examples=["LIMIT_EXCEEDED"])
    instance: str | None = None


def problem_of(error: SemvidError, instance: str | None = None) -> Problem:
    """The problem document that describes ``error``."""
    return Problem(
        title=error.title, status=error.http_status, detail=str(error), code=error.code, instance=instance
    )


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI ``responses`` entry that documents problem+json for ``statuses``."""
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": "Refused, see detail", "content": content} for status in statuses}


def everywhere() -> dict[int | str, dict[str, Any]]:
    """What any route may answer: a request that is none, or that may not be made (docs/operations.md)."""
    return problem_responses(400, 401, 403, 421, 422)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """``problem`` as an HTTP response."""
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )


def refusal(error: SemvidError, instance: str) -> JSONResponse:
    """``error`` as an HTTP response, with what clients are told beside it."""
    return problem_response(problem_of(error, instance), _MORE.get(error.http_status))


def _allowed(request: Request) -> set[str]:
    """Methods that some route takes this path with; Starlette names those of the first (RFC 9110, 10.2.1).

    Each is asked for, since a router that is included does not say which methods its routes take.
    """
    asked = {method: {**request.scope, "method": method} for method in _METHODS}
    return {
        method
        for method, scope in asked.items()
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    }


def install_problem_handlers(app: FastAPI) -> None:
    """Makes every error of ``app`` a problem document."""

    def answer(request: Request, status: int, code: str, title: str, detail: str) -> JSONResponse:
        path = request.url.path
        return problem_response(Problem(title=title, status=status, detail=detail, code=code, instance=path))

    @app.exception_handler(SemvidError)
    async def semvid_error(request: Request, error: SemvidError) -> JSONResponse:
        return refusal(error, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        detail = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        return answer(request, 422, "INVALID_REQUEST", "Invalid request", detail)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, SemvidError):  # raised while FastAPI read the body
            return await semvid_error(request, error.__cause__)
        status, detail = error.status_code, str(error.detail)
        response = answer(request, status, f"HTTP_{status}", detail, detail)
        response.headers.update(error.headers or {})
        if status == 405:
            response.headers["Allow"] = ", ".join(sorted(_allowed(request)))
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("request failed unexpectedly", path=request.url.path, exc_info=error)
        detail = "an unexpected error; the service's log has the details"
        return answer(request, 500, "INTERNAL", "Internal error", detail)
