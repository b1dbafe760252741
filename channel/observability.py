"""A small HTTP port beside gRPC: /healthz, /readyz and /metrics."""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry

from channel.settings import ChannelSettings
from semvid.service.credentials import ask_for_keys
from semvid.service.door import install_door
from semvid.service.host import http_server, listen
from semvid.service.metrics import install_metrics
from semvid.service.problems import install_problem_handlers
from semvid.service.signed_links import SignedLinks
from semvid.service.uploads import bound_bodies

_MAX_BODY_BYTES = 4096  # nothing here takes a body


def make_app(ready: Callable[[], bool], registry: CollectorRegistry, settings: ChannelSettings) -> FastAPI:
    """The HTTP interface.

    Args:
        ready: whether transmissions can pass right now.
        registry: what /metrics shows.
        settings: who may ask.

    Raises:
        InvalidInput: the file of keys cannot be read.
    """
    app = FastAPI(title="semvid channel", docs_url=None, redoc_url=None)
    install_problem_handlers(app)

    @app.get("/healthz", operation_id="alive")
    def alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", operation_id="ready", responses={503: {"description": "The next hop does not serve"}})
    def readiness(response: Response) -> dict[str, str]:
        if ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    # each goes around those before it
    ask_for_keys(app, settings, SignedLinks())
    bound_bodies(app, _MAX_BODY_BYTES, settings.silence_s)
    install_door(app, [settings.http_host, *settings.allowed_hosts], [], "SEMVID_CHANNEL_")
    install_metrics(app, registry)
    return app


class HttpPort:
    """Serves ``app`` in the running event loop.

    Attributes:
        port: the port it is bound to.
    """

    def __init__(self, app: FastAPI, port: int, settings: ChannelSettings) -> None:
        """Binds.

        Raises:
            InvalidInput: nothing can be bound there, or a TLS file cannot be used.
        """
        self._server = http_server(app, 1, settings)
        self._socket = listen(settings.http_host, port)
        self.port: int = self._socket.getsockname()[1]
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to serve."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    async def stop(self) -> None:
        """Ends open connections and closes the port."""
        self._server.should_exit = True
        if self._serving:
            await self._serving
        self._socket.close()
