"""The channel as a process: start, health, metrics, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def _process(**settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SEMVID_")}
    environment |= {f"SEMVID_CHANNEL_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "channel"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def _get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except urllib.error.URLError:
        return None, ""


async def _until(condition, timeout_s=30.0):
    async with asyncio.timeout(timeout_s):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.05)


async def _health(port, service):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=5)
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def test_it_is_ready_when_the_receiver_is_counts_what_passes_and_drains_on_sigterm(air):
    async def scene():
        http, port = _free_port(), _free_port()
        async with air.FakeReceiver() as receiver:
            receiver.health.set_serving(False)
            settings = {"listen": f"127.0.0.1:{port}", "receiver": receiver.target, "http_port": http}
            with _process(**settings, log_format="json") as process:
                await _until(lambda: _get(http, "/healthz")[0] == 200)
                assert (await asyncio.to_thread(_get, http, "/readyz"))[0] == 503
                assert await _health(port, "") == "SERVING"
                assert await _health(port, "semvid.wire.v1.ChannelControlService") == "SERVING"
                assert await _health(port, "semvid.wire.v1.LinkService") == "NOT_SERVING"
                receiver.health.set_serving()
                await _until(lambda: _get(http, "/readyz")[0] == 200)
                assert await _health(port, "semvid.wire.v1.LinkService") == "SERVING"

                async with air.Sender(f"127.0.0.1:{port}") as sender:
                    await sender.start()
                    await sender.exchange(air.qpsk(123))
                    process.send_signal(signal.SIGTERM)
                    await _until(lambda: _get(http, "/readyz")[0] == 503)
                    await sender.exchange(air.qpsk(1))  # what runs may go on
                    page = (await asyncio.to_thread(_get, http, "/metrics"))[1]
                    assert 'semvid_channel_symbols_total{model="awgn"} 124.0' in page
                    assert 'semvid_channel_blocks_total{model="awgn"} 2.0' in page
                    assert "semvid_channel_open_transmissions 1.0" in page
                    async with air.Sender(f"127.0.0.1:{port}", "late") as late:  # what is new may not
                        assert (await late.error())[0] is grpc.StatusCode.UNAVAILABLE
                    assert (await sender.finish()).complete
                assert await asyncio.to_thread(process.wait, 8) == 0
                log = process.stderr.read()
                assert '"event": "channel stopped"' in log
                assert "Traceback" not in log

    asyncio.run(scene())


def test_a_second_signal_ends_it_at_once(air):
    async def scene():
        port = _free_port()
        async with air.FakeReceiver() as receiver:
            settings = {"listen": f"127.0.0.1:{port}", "receiver": receiver.target, "drain_s": 60}
            with _process(**settings) as process:
                await _until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
                async with air.Sender(f"127.0.0.1:{port}") as sender:
                    await sender.start()
                    process.send_signal(signal.SIGHUP)
                    await asyncio.sleep(0.5)
                    assert process.poll() is None, "a running transmission keeps it for drain_s"
                    started = time.monotonic()
                    process.send_signal(signal.SIGTERM)
                    assert await asyncio.to_thread(process.wait, 10) == 0
                    assert time.monotonic() - started < 3
                await asyncio.wait_for(receiver.ended.wait(), 5)
                assert receiver.endings == ["cancelled"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"snr_db": 61}, "SEMVID_CHANNEL_SNR_DB"),
        ({"listen": "192.0.2.1:1"}, "TLS_CLIENT_AUTHORITY"),
        ({"listen": "192.0.2.1:1", "open_to_network": True}, "cannot listen on 192.0.2.1:1"),
        ({"tls_key": "/nowhere", "tls_certificate": "/nowhere"}, "cannot read the TLS file /nowhere"),
    ],
)
def test_wrong_settings_end_it_with_one_sentence(settings, says):
    with _process(**settings) as process:
        assert process.wait(30) == 2
        message = process.stderr.read()
        assert says in message
        assert "Traceback" not in message
