"""Only who shows a key is answered, and only as far as it may."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from semvid.errors import Forbidden, Unauthorized
from semvid.service.http_settings import HttpSettings
from semvid.service.keys import Key, KeyFile
from semvid.service.problems import problem_of, problem_response
from semvid.service.rights import needed, written_rights
from semvid.service.signed_links import PARAMETER, SignedLinks

_FOR_ALL = frozenset({"/healthz", "/readyz", "/openapi.json", "/docs", "/redoc"})


class _Credentials:
    """ASGI middleware; ``request.state.caller`` is the `Key` that was shown."""

    def __init__(
        self, app: ASGIApp, keys: KeyFile, links: SignedLinks, is_public: Callable[[str], bool]
    ) -> None:
        self._app, self._keys, self._links, self._is_public = app, keys, links, is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _FOR_ALL or self._is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        caller = self._caller(scope)
        right = needed(scope["method"], scope["path"])
        if caller is not None and right not in caller.rights:
            may = written_rights(caller.rights)
            refused = Forbidden(
                f"the key {caller.name} may {may}, and this needs {right}; its operator gives that with "
                f"`semvid keys remove` and `semvid keys new {caller.name} --may {may},{right}`"
            )
            await problem_response(problem_of(refused, scope["path"]))(scope, receive, send)
            return
        if caller is not None or self._is_signed(scope):
            scope.setdefault("state", {})["caller"] = caller
            await self._app(scope, receive, send)
            return
        error = Unauthorized(
            "this service asks for a key, in the header `Authorization: Bearer KEY`; clients of semvid take "
            "it from SEMVID_API_KEY, and its operator makes one with `semvid keys new NAME`"
        )
        answer = problem_response(problem_of(error, scope["path"]), {"WWW-Authenticate": "Bearer"})
        await answer(scope, receive, send)

    def _caller(self, scope: Scope) -> Key | None:
        for name, value in scope["headers"]:
            if name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                return self._keys.holder(token.strip()) if scheme.lower() == "bearer" else None
        return None

    def _is_signed(self, scope: Scope) -> bool:
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or path.endswith("/access"):  # it must not renew itself
            return False
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        given = [value for name, value in query if name == PARAMETER]
        return len(given) == 1 and self._links.opens(given[0], path)


def ask_for_keys(
    app: FastAPI,
    settings: HttpSettings,
    links: SignedLinks,
    is_public: Callable[[str], bool] = lambda _: False,
) -> None:
    """Lets in only who shows a key, or a link that was signed for one.

    Where the settings name no file of keys, everybody is let in.

    Args:
        app: whose routes are guarded.
        settings: name the file.
        links: that the application signs.
        is_public: paths that anybody may ask for, beside health and the interface's description.

    Raises:
        InvalidInput: the file cannot be read.
    """
    if settings.keys_file is not None:
        keys = KeyFile(settings.keys_file)
        app.add_middleware(_Credentials, keys=keys, links=links, is_public=is_public)
