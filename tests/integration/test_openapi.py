"""Both services behave as their OpenAPI documents say, whatever is asked of them (schemathesis).

Marked slow: `make api`. Real servers on loopback. Ids are those of a transmission and a video that are there,
or are drawn.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from receiver.app import create_app as receiver_app
from receiver.record import State
from receiver.settings import ReceiverSettings
from semvid.service.host import http_server, listen
from semvid.service.http_settings import HttpSettings
from tests.synthetic_clip import write_clip
from transmitter.app import create_app as transmitter_app
from transmitter.settings import TransmitterSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@schemathesis.serializer("application/sdp")
def sdp(_: Any, value: Any) -> Any:
    """The text of an offer."""
    return str(value).encode("utf-8", "surrogatepass")


@contextmanager
def served(app: FastAPI, chosen: HttpSettings) -> Iterator[str]:
    """The base URL of ``app`` on a server in a thread."""
    with listen("127.0.0.1", 0) as listening:
        server, begun = http_server(app, 1, chosen), threading.Event()

        async def serve() -> None:
            async with app.router.lifespan_context(app):
                begun.set()
                await server.serve(sockets=[listening])

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            assert begun.wait(60)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)


@pytest.fixture(scope="module")
def transmitter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A transmitter without a link, and the id of a transmission that was cancelled."""
    folder = tmp_path_factory.mktemp("transmitter")
    chosen = TransmitterSettings.load(data_dir=folder, link_target="127.0.0.1:9", retry_pause_s=60)
    write_clip(folder / "clip.mp4", seed=1, frames=4)
    with served(transmitter_app(chosen), chosen) as url:
        video = (folder / "clip.mp4").read_bytes()
        job = httpx.post(f"{url}/v1/transmissions", files={"file": ("a.mp4", video)}, timeout=120).json()[
            "id"
        ]
        httpx.delete(f"{url}/v1/transmissions/{job}").raise_for_status()
        yield url, job


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A receiver, and the id of a video that failed."""
    folder = tmp_path_factory.mktemp("receiver")
    chosen = ReceiverSettings.load(data_dir=folder, link_address="127.0.0.1:0")
    app = receiver_app(chosen)
    with served(app, chosen) as url:
        library = app.state.service.library
        files, record = library.create("failed", "embedded")
        record.state = State.FAILED
        files.save(record)
        library.finish("failed")
        yield url, "failed"


def behaves(url: str, name: str, known: str) -> int:
    """Asks every operation with what fits its description and with what does not; how many requests.

    Ids, the parameter ``name``, are those that were drawn, and ``known``, which leads somewhere.
    """
    asked = 0
    for operation in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        for mode in GenerationMode:

            @few
            @given(operation.ok().as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                case.call_and_validate(checks=CHECKS)
                if name in (case.path_parameters or {}):
                    case.path_parameters[name] = known
                    case.call_and_validate(checks=CHECKS)

            with suppress(Unsatisfiable):  # an operation that takes nothing can be given nothing wrong
                ask()
    return asked


def test_the_transmitter_does_what_it_says(transmitter: tuple[str, str]) -> None:
    assert behaves(transmitter[0], "transmission_id", transmitter[1]) > 50


def test_the_receiver_does_what_it_says(receiver: tuple[str, str]) -> None:
    assert behaves(receiver[0], "video_id", receiver[1]) > 50
