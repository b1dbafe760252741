"""A radio in the channel's place: what crosses it, what is lost, and what it refuses."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np
import pytest

from semvid.link.bootstrap import make_channel
from semvid.link.waveform import frame_of
from semvid.waveform import RadioFrame
from semvid.wire.v1 import channel_pb2, channel_pb2_grpc
from semvid.wire.v1 import link_pb2 as pb
from tests.radio_air import snr_db
from tests.radio_peer import air_of, peer

SCRIPT = Path(__file__).parents[3] / "scripts" / "gnuradio_channel.py"
DEBIAN_PYTHON = "/usr/bin/python3"


def free_ports():
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in sockets)


def crossed(air, ports, sizes, **settings):
    """What a receiver gets of bursts of these sizes; the bursts, what came of them, and the opening."""

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, air=air_of(ports), **settings) as channel,
            air.Sender(channel.target, timeout=120) as sender,
        ):
            await sender.start()
            blocks = [air.qpsk(size, size) for size in sizes]
            for block in blocks:
                await sender.exchange(block)
            await sender.finish()
            return blocks, receiver.blocks, receiver.opens[0]

    return asyncio.run(scene())


def test_bursts_cross_a_radio_one_by_one_and_the_frame_is_told_to_the_next_hop(air):
    ports = free_ports()
    with peer(ports):
        sent, came, opened = crossed(air, ports, [56, 3000, 1, 700], reference_stretch=512, air_timeout_s=20)
    assert frame_of(opened.radio) == RadioFrame(128, 32, 512)
    for one, other in zip(sent, came, strict=True):
        assert len(one) == len(other)
        if len(one) > 1:
            assert snr_db(one, other) == pytest.approx(15, abs=1.5 if len(one) < 100 else 0.4)


def test_a_burst_that_is_not_found_is_erased_and_does_not_hang(air):
    ports = free_ports()
    with peer(ports, deaf=True):
        _, came, _ = crossed(air, ports, [56, 900], air_timeout_s=0.3)
    assert [len(one) for one in came] == [56, 900]
    assert not np.concatenate(came).any()


def test_where_nobody_takes_samples_the_transmission_says_so(air):
    ports = free_ports()

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, air=air_of(ports), air_timeout_s=0.3) as channel,
            air.Sender(channel.target) as sender,
        ):
            await sender.start()
            await sender.write(air.qpsk(100))
            code, details = await sender.error()
            assert code is grpc.StatusCode.UNAVAILABLE
            assert f"nobody took samples at {air_of(ports)} for 0.3 s" in details
            assert "start the flowgraph" in details

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (
            pb.Open(emulation=pb.ChannelConditions(snr_db=3)),
            "emulates nothing; leave the channel's conditions",
        ),
        (pb.Open(ofdm=pb.Ofdm(numerology=0, resource_blocks=6)), "a single carrier; leave OFDM out"),
        (pb.Open(radio=pb.RadioFrame(preamble=64, reference=16, stretch=512)), "chain one radio at most"),
    ],
)
def test_what_a_radio_cannot_do_is_refused_at_the_door(air, opening, said):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, air=air_of(free_ports())) as channel,
            air.Sender(channel.target) as sender,
        ):
            opening.transmission_id = "t1"
            await sender.call.write(pb.TransmitRequest(open=opening))
            code, details = await sender.error()
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert said in details
            assert receiver.opens == []

    asyncio.run(scene())


def test_a_radio_has_no_conditions(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, air=air_of(free_ports())) as channel,
            make_channel(channel.target, None) as connection,
        ):
            stub = channel_pb2_grpc.ChannelControlServiceStub(connection)
            for method, request in (
                (stub.GetConditions, channel_pb2.GetConditionsRequest()),
                (stub.SetConditions, channel_pb2.SetConditionsRequest()),
                (stub.ResetConditions, channel_pb2.ResetConditionsRequest()),
            ):
                with pytest.raises(grpc.aio.AioRpcError, match="is a radio and has no conditions"):
                    await method(request, timeout=5)

    asyncio.run(scene())


def test_bytes_that_are_no_samples_are_said(air):
    import zmq

    ports = free_ports()
    context = zmq.Context()
    give = context.socket(zmq.PUSH)
    give.bind(f"tcp://127.0.0.1:{ports[1]}")
    take = context.socket(zmq.PULL)
    take.connect(f"tcp://127.0.0.1:{ports[0]}")

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, air=air_of(ports), air_timeout_s=5) as channel,
            air.Sender(channel.target) as sender,
        ):
            await sender.start()
            await sender.write(air.qpsk(100))
            await asyncio.to_thread(take.recv)
            give.send(b"12345")
            code, details = await sender.error()
            assert code is grpc.StatusCode.UNAVAILABLE
            assert "a message of 5 bytes, which is no whole number of complex64 samples of 8" in details

    try:
        asyncio.run(scene())
    finally:
        context.destroy(linger=0)


def has_gnu_radio():
    try:
        asked = [DEBIAN_PYTHON, "-c", "from gnuradio import channels, zeromq"]
        return subprocess.run(asked, capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(
    sys.platform != "linux" or not has_gnu_radio(),
    reason=f"not run: GNU Radio is not installed for {DEBIAN_PYTHON}; apt-get install gnuradio",
)
def test_bursts_cross_a_flowgraph_of_gnu_radio(air):
    ports = free_ports()
    take, give = (f"tcp://127.0.0.1:{port}" for port in ports)
    asked = ["--take", take, "--give", give, "--snr-db", "15", "--cfo-hz", "200", "--clock-ppm", "10"]
    flowgraph = subprocess.Popen([DEBIAN_PYTHON, str(SCRIPT), *asked], stdout=subprocess.PIPE)
    try:
        assert b"flowgraph runs" in flowgraph.stdout.readline()
        sent, came, _ = crossed(air, ports, [56, 6000, 700], air_timeout_s=30)
    finally:
        flowgraph.terminate()
        flowgraph.wait(20)
        flowgraph.stdout.close()
    for one, other in zip(sent, came, strict=True):
        assert snr_db(one, other) == pytest.approx(15, abs=1.5 if len(one) < 100 else 0.4)
