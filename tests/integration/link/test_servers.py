"""Servers and channels of the link: health, limits, drain, TLS."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from semvid.errors import InvalidInput
from semvid.link.bootstrap import ServerLimits, drain, make_channel, make_server
from semvid.link.health import NOT_SERVING, SERVICE_UNKNOWN, SERVING, Health
from semvid.link.tls import ClientTls, ServerTls

SERVICE = "semvid.wire.v1.LinkService"


@asynccontextmanager
async def _running(health, **options):
    server, port = make_server("127.0.0.1:0", health, **options)
    await server.start()
    try:
        yield server, f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


def _request(service=""):
    return health_pb2.HealthCheckRequest(service=service)


def test_health_of_the_server_and_of_each_service():
    async def scene():
        health = Health(SERVICE)
        async with _running(health) as (_, target), make_channel(target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            assert (await stub.Check(_request())).status == NOT_SERVING
            health.set_serving(True, "")
            assert (await stub.Check(_request())).status == SERVING
            assert (await stub.Check(_request(SERVICE))).status == NOT_SERVING
            health.set_serving()
            assert (await stub.Check(_request(SERVICE))).status == SERVING
            with pytest.raises(grpc.aio.AioRpcError) as unknown:
                await stub.Check(_request("x"))
            assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
            with pytest.raises(KeyError):
                health.set_serving(True, "x")

    asyncio.run(scene())


def test_every_watcher_hears_every_change_and_is_let_go_by_the_drain():
    async def scene():
        health = Health(SERVICE)
        async with _running(health) as (server, target), make_channel(target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            leaves_early, stays, unknown = (stub.Watch(_request(name)) for name in (SERVICE, SERVICE, "x"))
            assert (await leaves_early.read()).status == NOT_SERVING
            assert (await stays.read()).status == NOT_SERVING
            assert (await unknown.read()).status == SERVICE_UNKNOWN
            leaves_early.cancel()
            health.set_serving()
            assert (await asyncio.wait_for(stays.read(), 5)).status == SERVING
            await asyncio.wait_for(drain(server, health, grace_s=60), 5)
            assert (await stays.read()).status == NOT_SERVING
            assert await stays.read() is grpc.aio.EOF
            assert await unknown.read() is grpc.aio.EOF
            health.set_serving()
            assert health.draining

    asyncio.run(scene())


def test_a_draining_server_finishes_what_runs_and_cancels_what_outlasts_the_grace():
    async def scene():
        health, release = Health(), asyncio.Event()
        server, port = make_server("127.0.0.1:0", health)
        outcomes = []

        async def answer(request, context):
            try:
                if request == b"short":
                    await release.wait()
                else:
                    await asyncio.sleep(60)
                outcomes.append((request, "finished"))
            except asyncio.CancelledError:
                outcomes.append((request, "cancelled"))
                raise
            return b""

        handler = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("x.X", {"Do": handler}),))
        await server.start()
        async with make_channel(f"127.0.0.1:{port}") as channel:
            calls = [channel.unary_unary("/x.X/Do")(name) for name in (b"short", b"long")]
            await asyncio.sleep(0.3)
            draining = asyncio.create_task(drain(server, health, grace_s=1.0))
            await asyncio.sleep(0.1)
            release.set()
            assert await calls[0] == b""
            assert await calls[1].code() is not grpc.StatusCode.OK
            await asyncio.wait_for(draining, 5)
        assert outcomes == [(b"short", "finished"), (b"long", "cancelled")]

    asyncio.run(scene())


def test_one_call_too_many_is_refused_at_once():
    async def scene():
        async with (
            _running(Health(), limits=ServerLimits(concurrent_calls=2)) as (_, target),
            make_channel(target) as channel,
        ):
            stub = health_pb2_grpc.HealthStub(channel)
            watches = [stub.Watch(_request()) for _ in range(2)]
            for watch in watches:
                await watch.read()
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await stub.Check(_request())
            assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            watches[0].cancel()
            await asyncio.sleep(0.2)
            assert (await stub.Check(_request())).status == NOT_SERVING

    asyncio.run(scene())


def test_a_port_that_is_taken_is_refused():
    async def scene():
        async with _running(Health()) as (_, target):
            with pytest.raises(InvalidInput, match=f"cannot listen on {target}"):
                make_server(target, Health())

    asyncio.run(scene())


def test_no_proxy_stands_before_loopback(monkeypatch):
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:9")

    async def scene():
        async with _running(Health()) as (_, target), make_channel(target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            assert (await stub.Check(_request(), timeout=5)).status == NOT_SERVING

    asyncio.run(scene())


async def _status(target, tls):
    async with make_channel(target, tls) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(_request(), timeout=5)
        except grpc.aio.AioRpcError as error:
            return error.code()
        return answer.status


def test_tls(pki):
    async def scene():
        async with _running(Health(), tls=ServerTls(pki / "server.pem", pki / "server.key")) as (_, target):
            assert await _status(target, ClientTls(pki / "ca.pem")) == NOT_SERVING
            for wrong in (ClientTls(pki / "other.pem"), ClientTls(), None):
                assert await _status(target, wrong) is grpc.StatusCode.UNAVAILABLE

    asyncio.run(scene())


def test_mutual_tls(pki):
    tls = ServerTls(pki / "server.pem", pki / "server.key", pki / "ca.pem")

    async def scene():
        async with _running(Health(), tls=tls) as (_, target):
            known = ClientTls(pki / "ca.pem", pki / "client.pem", pki / "client.key")
            assert await _status(target, known) == NOT_SERVING
            assert await _status(target, ClientTls(pki / "ca.pem")) is grpc.StatusCode.UNAVAILABLE

    asyncio.run(scene())


def test_tls_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"nothing\.pem"):
        make_channel("127.0.0.1:1", ClientTls(tmp_path / "nothing.pem"))
    with pytest.raises(InvalidInput, match="its certificate and its key, or neither"):
        ClientTls(certificate=tmp_path / "c.pem")
