"""A small HTTP port beside gRPC: /healthz, /readyz and /metrics."""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry

from semvid.service.host import http_server, listen
from semvid.service.metrics import install_metrics


def make_app(ready: Callable[[], bool], registry: CollectorRegistry) -> FastAPI:
    """The HTTP interface.

    Args:
        ready: whether transmissions can pass right now.
        registry: what /metrics shows.
    """
    app = FastAPI(title="semvid channel", docs_url=None, redoc_url=None)

    @app.get("/healthz", operation_id="alive")
    def alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", operation_id="ready", responses={503: {"description": "The next hop does not serve"}})
    def readiness(response: Response) -> dict[str, str]:
        if ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    install_metrics(app, registry)
    return app


class HttpPort:
    """Serves ``app`` in the running event loop.

    Attributes:
        port: the port it is bound to.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Binds.

        Raises:
            InvalidInput: nothing can be bound there.
        """
        self._socket = listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server = http_server(app, graceful_s=1)
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
