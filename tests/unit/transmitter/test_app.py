"""The REST interface: what is decided before a body is read, keys, ranges, a full disk."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest

from semvid.errors import InvalidInput
from semvid.service.keys import add_key
from tests.synthetic_clip import write_clip
from transmitter.app import create_app
from transmitter.settings import TransmitterSettings

_BOUNDARY = "b0b"
NOBODY = "127.0.0.1:9"  # where no link is
TRANSMISSIONS = "/v1/transmissions"


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, seed=1, frames=4)
    return path.read_bytes()


@asynccontextmanager
async def service(folder: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application in this process; its jobs find no link and wait."""
    given = {"link_target": NOBODY, "retry_pause_s": 60.0, "accept_timeout_s": 5.0} | settings
    app = create_app(TransmitterSettings(data_dir=folder, **given))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        yield http


def run(folder: Path, scenario: Callable[[httpx.AsyncClient], Awaitable[None]], **settings: Any) -> None:
    async def inside() -> None:
        async with asyncio.timeout(60), service(folder, **settings) as http:
            await scenario(http)

    asyncio.run(inside())


async def post(http: httpx.AsyncClient, video: bytes, options: str = "{}", **headers: str) -> httpx.Response:
    return await http.post(
        TRANSMISSIONS, files={"file": ("a.mp4", video)}, data={"options": options}, headers=headers
    )


async def post_slowly(http: httpx.AsyncClient, video: bytes, read: list[int], go: asyncio.Event) -> int:
    """Status of an upload whose body comes when ``go`` is set; ``read`` gets a 1 when it is asked for."""

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        await go.wait()
        yield f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=file; filename=a.mp4\r\n\r\n".encode()
        yield video
        yield f"\r\n--{_BOUNDARY}--\r\n".encode()

    kind = {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}
    return (await http.post(TRANSMISSIONS, content=body(), headers=kind)).status_code


def test_of_200_uploads_at_once_those_without_a_place_are_not_read(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        read, go = list[int](), asyncio.Event()
        uploads = [asyncio.create_task(post_slowly(http, video, read, go)) for _ in range(200)]
        while sum(upload.done() for upload in uploads) < 196:
            await asyncio.sleep(0.01)
        assert sum(read) == 4
        go.set()
        codes = await asyncio.gather(*uploads)
        assert (codes.count(202), codes.count(503)) == (4, 196)
        assert len((await http.get(TRANSMISSIONS)).json()["transmissions"]) == 4
        assert len(list(tmp_path.glob("*/"))) == 4

    run(tmp_path, scenario, concurrent_jobs=2, queue_length=2)


def test_a_refusal_gives_its_place_back(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        for _ in range(3):
            assert (await post(http, b"no video")).status_code == 415
        assert (await post(http, video)).status_code == 202
        assert (await post(http, video)).status_code == 503

    run(tmp_path, scenario, concurrent_jobs=1, queue_length=0)


def test_the_same_key_and_content_are_the_same_transmission(tmp_path: Path, video: bytes) -> None:
    key = {"Idempotency-Key": "order-7"}
    ids: list[str] = []

    async def scenario(http: httpx.AsyncClient) -> None:
        for options in ('{"seed": 3}', ' {"seed":3} '):  # written otherwise, the same
            answer = await post(http, video, options, **key)
            assert answer.status_code == 202
            ids.append(answer.json()["id"])
        assert len((await http.get(TRANSMISSIONS)).json()["transmissions"]) == 1
        for other in ((video, '{"seed": 4}'), (video + b"\0", '{"seed": 3}')):
            answer = await post(http, *other, **key)
            assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_INPUT")
            assert "order-7" in answer.json()["detail"]
        for wrong in ("", "a" * 256, "two words"):
            answer = await post(http, video, **{"Idempotency-Key": wrong})
            assert answer.status_code == 422

    run(tmp_path, scenario)
    run(tmp_path, scenario)  # after a restart, too
    assert len(set(ids)) == 1


def test_a_key_whose_upload_came_to_nothing_is_free(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        assert (await post(http, b"no video", **{"Idempotency-Key": "k"})).status_code == 415
        assert (await post(http, video, **{"Idempotency-Key": "k"})).status_code == 202

    run(tmp_path, scenario)


def test_unknown_ids_are_404_everywhere_and_numbers_out_of_range_422(tmp_path: Path) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        for path in ("", "/semantics", "/events"):
            assert (await http.get(f"{TRANSMISSIONS}/nobody{path}")).status_code == 404
        assert (await http.delete(f"{TRANSMISSIONS}/nobody")).status_code == 404
        for query in ("offset=-1", f"offset={10**30}", "limit=0", "limit=201", "limit=x"):
            assert (await http.get(f"{TRANSMISSIONS}?{query}")).status_code == 422

    run(tmp_path, scenario)


@pytest.mark.parametrize("last", ["9" * 5000, "²", "-1", "x", "1"])
def test_any_last_event_id_is_answered(tmp_path: Path, video: bytes, last: str) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        job = (await post(http, video)).json()["id"]
        await http.delete(f"{TRANSMISSIONS}/{job}")
        headers = {"Last-Event-ID": last.encode("latin-1")}
        answer = await http.get(f"{TRANSMISSIONS}/{job}/events", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert "CANCELLED" in answer.text or last == "9" * 5000

    run(tmp_path, scenario)


def test_lists_have_pages(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        ids = [(await post(http, video)).json()["id"] for _ in range(3)][::-1]
        first = (await http.get(f"{TRANSMISSIONS}?limit=2")).json()
        assert ([one["id"] for one in first["transmissions"]], first["next_offset"]) == (ids[:2], 2)
        rest = (await http.get(f"{TRANSMISSIONS}?limit=2&offset=2")).json()
        assert ([one["id"] for one in rest["transmissions"]], rest["next_offset"]) == (ids[2:], None)

    run(tmp_path, scenario)


def test_a_full_disk_is_507_and_leaves_no_ghost(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: BinaryIO, out: BinaryIO, *_: object) -> None:
        out.write(source.read(100))
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario(http: httpx.AsyncClient) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("transmitter.app.shutil.copyfileobj", full)
            answer = await post(http, video)
        assert (answer.status_code, answer.json()["code"]) == (507, "STORAGE_FULL")
        assert str(tmp_path) in answer.json()["detail"]
        assert (await http.get(TRANSMISSIONS)).json()["transmissions"] == []
        assert list(tmp_path.glob("*/")) == []
        assert (await post(http, video)).status_code == 202

    run(tmp_path, scenario)


def test_no_room_for_the_body_among_temporary_files_is_507(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario(http: httpx.AsyncClient) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("tempfile.SpooledTemporaryFile.write", full)
            assert (await post(http, video)).status_code == 507
        assert (await http.get(TRANSMISSIONS)).json()["transmissions"] == []

    run(tmp_path, scenario)


def test_a_second_transmitter_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async def second(_: httpx.AsyncClient) -> None:
        with pytest.raises(InvalidInput, match=r"in use by another service.*SEMVID_TRANSMITTER_DATA_DIR"):
            async with service(tmp_path):
                pass

    run(tmp_path, second)


def test_a_job_that_waits_for_a_link_says_why_and_can_be_cancelled(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        job = (await post(http, video)).json()["id"]
        while not (shown := (await http.get(f"{TRANSMISSIONS}/{job}")).json())["retry_at"]:
            await asyncio.sleep(0.05)
        assert (shown["state"], shown["attempts"]) == ("ACCEPTED", 1)
        assert NOBODY in shown["retry_reason"]
        cancelled = await http.delete(f"{TRANSMISSIONS}/{job}")
        assert (cancelled.status_code, cancelled.json()["state"]) == (202, "CANCELLED")
        assert (await http.delete(f"{TRANSMISSIONS}/{job}")).status_code == 409

    run(tmp_path, scenario)


def test_sound_as_text_is_refused_at_the_door_where_there_is_no_model(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        answer = await post(http, video, '{"sound": "text"}')
        assert answer.status_code == 501
        assert answer.headers["content-type"] == "application/problem+json"
        assert "SEMVID_TRANSMITTER_SPEECH_MODEL=hf:" in answer.json()["detail"]
        assert (await http.get(TRANSMISSIONS)).json()["transmissions"] == []

    run(tmp_path, scenario)


def test_tokens_are_refused_at_the_door_where_there_is_no_model(tmp_path: Path, video: bytes) -> None:
    async def scenario(http: httpx.AsyncClient) -> None:
        answer = await post(http, video, '{"coding": "tokens"}')
        assert answer.status_code == 501
        assert "SEMVID_TRANSMITTER_TOKEN_MODEL=hf:" in answer.json()["detail"]
        useless = await post(http, video, '{"coding": "tokens", "quality": 40}')
        assert useless.status_code == 422
        assert "option coding tokens has no use for option quality" in useless.json()["detail"]
        assert (await http.get(TRANSMISSIONS)).json()["transmissions"] == []

    run(tmp_path, scenario)


def test_a_key_hands_in_as_much_as_it_may_within_a_day(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    shown = {
        name: {"Authorization": f"Bearer {add_key(keys, name, per_day)}"}
        for name, per_day in (("two", 2), ("any", None))
    }

    async def scenario(http: httpx.AsyncClient) -> None:
        assert (await post(http, video)).status_code == 401
        assert (await post(http, b"no video", **shown["two"])).status_code == 415  # does not count
        answers = [await post(http, video, **{**shown["two"], "Idempotency-Key": str(n)}) for n in (1, 2, 1)]
        assert [answer.status_code for answer in answers] == [202] * 3
        refused = await post(http, video, **shown["two"])
        assert (refused.status_code, refused.json()["code"]) == (429, "QUOTA_EXCEEDED")
        assert "key two may hand in 2" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) > 0
        assert (await post(http, video, **shown["any"])).status_code == 202

    async def afterwards(http: httpx.AsyncClient) -> None:
        assert (await post(http, video, **shown["two"])).status_code == 429
        monkeypatch.setattr("transmitter.store.QUOTA_S", 0.0)  # as if a day had gone by
        assert (await post(http, video, **shown["two"])).status_code == 202

    run(tmp_path / "data", scenario, keys_file=keys)
    run(tmp_path / "data", afterwards, keys_file=keys)


def test_uploads_at_once_share_the_quota_of_their_key(tmp_path: Path, video: bytes) -> None:
    keys = tmp_path / "keys"
    shown = {"Authorization": f"Bearer {add_key(keys, 'one', 1)}"}

    async def scenario(http: httpx.AsyncClient) -> None:
        codes = [
            answer.status_code
            for answer in await asyncio.gather(*(post(http, video, **shown) for _ in range(3)))
        ]
        assert sorted(codes) == [202, 429, 429]

    run(tmp_path / "data", scenario, keys_file=keys)


def test_players_follow_a_signed_link_and_strangers_do_not(tmp_path: Path, video: bytes) -> None:
    keys = tmp_path / "keys"
    shown = {"Authorization": f"Bearer {add_key(keys, 'alice')}"}

    async def scenario(http: httpx.AsyncClient) -> None:
        path = f"{TRANSMISSIONS}/{(await post(http, video, **shown)).json()['id']}"
        granted = await http.get(f"{path}/access", headers=shown)
        word = granted.json()["access"]
        assert (await http.get(f"{path}/source?access={word}")).content == video
        assert (await http.get(f"{path}/source")).status_code == 401
        assert (await http.get(f"{path}/access?access={word}")).status_code == 401
        assert (await http.delete(f"{path}?access={word}")).status_code == 401
        assert (await http.get(f"{TRANSMISSIONS}/nobody/access", headers=shown)).status_code == 404
        for public in ("/", "/page/key.js", "/openapi.json", "/healthz"):
            assert (await http.get(public)).status_code == 200
        for secret in (TRANSMISSIONS, "/metrics"):
            assert (await http.get(secret)).status_code == 401

    run(tmp_path / "data", scenario, keys_file=keys)
