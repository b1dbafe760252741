"""Uploads in pieces (tus 1.0.0): resumed after a broken connection and a restart, behind the same doors."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from semvid.service.host import http_server, listen
from semvid.service.keys import add_key
from tests.synthetic_clip import write_clip
from transmitter.app import create_app
from transmitter.settings import TransmitterSettings

NOBODY = "127.0.0.1:9"  # where no link is
UPLOADS = "/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, seed=1, frames=4)
    return path.read_bytes()


class Service:
    """The application behind a real server, in this process."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        given = {"link_target": NOBODY, "retry_pause_s": 60.0, "accept_timeout_s": 5.0} | settings
        self.settings = TransmitterSettings(data_dir=folder, **given)

    async def __aenter__(self) -> httpx.AsyncClient:
        app = create_app(self.settings)
        self._life = app.router.lifespan_context(app)
        await self._life.__aenter__()
        self._server = http_server(app, 1, self.settings)
        self._socket = listen("127.0.0.1", 0)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        self.port = self._socket.getsockname()[1]
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False)
        return self._http

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()
        self._server.should_exit = True
        await self._serving
        self._socket.close()
        await self._life.__aexit__(None, None, None)


def encoded(**metadata: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


async def begin(http: httpx.AsyncClient, length: int, **headers: str) -> httpx.Response:
    metadata = encoded(filename="a.mp4", options=json.dumps({"target_cbr": 5e-4}))
    given = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata, **headers}
    return await http.post(UPLOADS, headers=given)


async def location(http: httpx.AsyncClient, length: int, **headers: str) -> str:
    answer = await begin(http, length, **headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


async def piece(http: httpx.AsyncClient, url: str, offset: int, data: Any, **headers: str) -> httpx.Response:
    given = {**PIECE, "Upload-Offset": str(offset), **headers}
    return await http.patch(url, content=data, headers=given)


async def offset_of(http: httpx.AsyncClient, url: str, **headers: str) -> int:
    answer = await http.head(url, headers={**TUS, **headers})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


async def break_off(port: int, url: str, data: bytes, announced: int) -> None:
    """Announces a piece, sends its beginning, and resets the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "".join(f"{name}: {value}\r\n" for name, value in PIECE.items())
    head += f"Upload-Offset: 0\r\nContent-Length: {announced}\r\n\r\n"
    writer.write(f"PATCH {url} HTTP/1.1\r\nHost: localhost\r\n{head}".encode() + data)
    await writer.drain()
    await asyncio.sleep(0.3)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.close()
    del reader


def test_in_pieces_it_is_the_same_transmission(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        async with Service(tmp_path) as http:
            can = await http.options(UPLOADS)
            assert can.status_code == 204
            assert can.headers["Tus-Extension"] == "creation,termination,expiration,checksum"
            url = await location(http, len(video))
            half = len(video) // 2
            first = await piece(http, url, 0, video[:half])
            assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(half))
            assert parsedate_to_datetime(first.headers["Upload-Expires"]).timestamp() > time.time()
            last = await piece(http, url, half, video[half:])
            assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(video)))
            where = last.headers["Content-Location"]
            job = (await http.get(where)).json()
            assert (job["source"]["name"], job["source"]["bytes"]) == ("a.mp4", len(video))
            assert job["options"]["target_cbr"] == 5e-4
            assert (await http.get(f"{where}/source")).content == video
            whole = await http.head(url, headers=TUS)  # whose last answer was lost
            assert whole.headers["Upload-Offset"] == whole.headers["Upload-Length"] == str(len(video))
            assert whole.headers["Content-Location"] == where
            assert (await piece(http, url, len(video), b"")).status_code == 409
            assert {path.name for path in (tmp_path / job["id"]).iterdir()} == {"upload"}

    asyncio.run(scene())


def test_a_broken_connection_is_gone_on_with(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        service = Service(tmp_path)
        async with service as http:
            url = await location(http, len(video))
            await break_off(service.port, url, video[:1000], len(video))
            assert await offset_of(http, url) == 1000
            assert (await piece(http, url, 0, video)).status_code == 409
            done = await piece(http, url, 1000, video[1000:])
            assert done.status_code == 204, done.text
            assert (await http.get(f"{done.headers['Content-Location']}/source")).content == video

    asyncio.run(scene())


def test_who_hangs_is_put_aside_by_who_goes_on(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        async with Service(tmp_path) as http:
            url = await location(http, len(video))
            came = asyncio.Event()

            async def hanging() -> AsyncIterator[bytes]:
                yield video[:500]
                came.set()
                await asyncio.sleep(60)

            first = asyncio.create_task(piece(http, url, 0, hanging()))
            await came.wait()
            await asyncio.sleep(0.2)
            assert await offset_of(http, url) == 500
            assert (await piece(http, url, 500, video[500:])).status_code == 204
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    asyncio.run(scene())


def test_a_restart_is_gone_on_with_and_holds_its_place(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        async with Service(tmp_path) as http:
            url = await location(http, len(video))
            assert (await piece(http, url, 0, video[:700])).status_code == 204
        async with Service(tmp_path, queue_length=0, concurrent_jobs=1) as http:
            assert await offset_of(http, url) == 700
            assert (await begin(http, len(video))).status_code == 503  # the one place is taken
            assert (await piece(http, url, 700, video[700:])).status_code == 204

    asyncio.run(scene())


def test_what_was_whole_when_the_process_ended_is_taken_when_asked_for(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        async with Service(tmp_path) as http:
            url = await location(http, len(video))
            assert (await piece(http, url, 0, video[:-1])).status_code == 204
        folder = tmp_path / url.rpartition("/")[2]
        (folder / "upload.partial").unlink()
        (folder / "upload").write_bytes(video)  # a kill between the rename and the row of the job
        async with Service(tmp_path) as http:
            head = await http.head(url, headers=TUS)
            assert head.headers["Upload-Offset"] == str(len(video))
            assert (await http.get(head.headers["Content-Location"])).status_code == 200

    asyncio.run(scene())


def test_the_doors_are_decided_before_a_byte_is_stored(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        async with Service(tmp_path, max_upload_bytes=10_000, queue_length=1, concurrent_jobs=1) as http:
            assert (await begin(http, 10_001)).status_code == 413
            assert (await begin(http, 0)).status_code == 422
            assert (await http.post(UPLOADS, headers={"Upload-Length": "5"})).status_code == 412
            bad = encoded(options='{"mllm": "openai:http://10.0.0.1#x"}')
            assert (await begin(http, 5, **{"Upload-Metadata": bad})).status_code == 422
            assert (await begin(http, 5, **{"Upload-Metadata": "filename !"})).status_code == 422
            assert (await begin(http, 5, **{"Idempotency-Key": "a"})).status_code == 422
            url = await location(http, 100)
            await location(http, 100)
            assert (await begin(http, 100)).status_code == 503
            over = await piece(http, url, 0, bytes(101))
            assert (over.status_code, over.headers["Tus-Resumable"]) == (413, "1.0.0")

            async def unannounced() -> AsyncIterator[bytes]:
                yield bytes(60)
                yield bytes(60)

            assert (await piece(http, url, 0, unannounced())).status_code == 413
            assert await offset_of(http, url) == 60
            plain = {**TUS, "Upload-Offset": "60"}
            assert (await http.patch(url, content=b"x", headers=plain)).status_code == 415
            assert (await http.delete(url, headers=TUS)).status_code == 204
            assert (await http.head(url, headers=TUS)).status_code == 404
            assert not (tmp_path / url.rpartition("/")[2]).exists()
            await location(http, 100)  # its place is free again

    asyncio.run(scene())


def test_what_is_no_video_is_refused_and_gone(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Service(tmp_path) as http:
            url = await location(http, 2000)
            answer = await piece(http, url, 0, b"no video" * 250)
            assert answer.status_code == 415
            assert (await http.head(url, headers=TUS)).status_code == 404
            assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []

    asyncio.run(scene())


def test_a_piece_that_is_not_what_it_should_be_is_not_kept(tmp_path: Path, video: bytes) -> None:
    def told(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
        digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
        return {"Upload-Checksum": f"{algorithm} {digest}"}

    async def scene() -> None:
        service = Service(tmp_path)
        async with service as http:
            url = await location(http, len(video))
            assert (await piece(http, url, 0, video[:300], **told(video[:300]))).status_code == 204
            wrong = await piece(http, url, 300, video[300:600], **told(b"else", "sha256"))
            assert wrong.status_code == 460
            assert await offset_of(http, url) == 300
            assert (await piece(http, url, 300, b"", **{"Upload-Checksum": "md5 AAAA"})).status_code == 422
            rest = await piece(http, url, 300, video[300:], **told(video[300:], "sha256"))
            assert rest.status_code == 204, rest.text

    asyncio.run(scene())


def test_one_that_gets_nothing_is_given_up(tmp_path: Path, video: bytes) -> None:
    async def scene() -> None:
        async with Service(tmp_path, upload_idle_s=0.4) as http:
            url = await location(http, len(video))
            async with asyncio.timeout(20):
                while (await http.head(url, headers=TUS)).status_code != 404:
                    await asyncio.sleep(0.1)
            assert not (tmp_path / url.rpartition("/")[2]).exists()

    asyncio.run(scene())


def test_keys_and_quotas_hold(tmp_path: Path, video: bytes) -> None:
    keys = tmp_path / "keys"
    alice, bob = add_key(keys, "alice", per_day=1), add_key(keys, "bob")

    async def scene() -> None:
        async with Service(tmp_path / "data", keys_file=keys) as http:
            assert (await begin(http, len(video))).status_code == 401
            mine = {"Authorization": f"Bearer {alice}"}
            url = await location(http, len(video), **mine)
            assert (await begin(http, len(video), **mine)).status_code == 429  # one is under way
            other = {**TUS, "Authorization": f"Bearer {bob}"}
            assert (await http.head(url, headers=other)).status_code == 404
            assert (await http.delete(url, headers=other)).status_code == 404
            assert (await piece(http, url, 0, video, **mine)).status_code == 204
            assert (await begin(http, len(video), **mine)).status_code == 429

    asyncio.run(scene())
