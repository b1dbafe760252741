"""A receiver that records what arrives, and channels in this process."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import grpc
import numpy as np
import pytest

from channel.app import ChannelService
from channel.settings import ChannelSettings
from semvid.link.bootstrap import make_channel, make_server
from semvid.link.health import Health
from semvid.link.stream import next_request
from semvid.link.symbols import pack_symbols, unpack_symbols
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc


class FakeReceiver(link_pb2_grpc.LinkServiceServicer):
    """Answers as a receiver does; attributes say how, and record what it saw."""

    def __init__(self, tls=None):
        self.tls = tls
        self.opens, self.blocks, self.endings, self.metadata, self.remaining = [], [], [], [], []
        self.gate = asyncio.Event()  # blocks are read only while it is set
        self.gate.set()
        self.abort = None  # (code, details, trailers) instead of a summary
        self.summary_after = None  # summary and OK after that many blocks, whatever the sender does
        self.ended = asyncio.Event()

    async def __aenter__(self):
        self.health = Health("semvid.wire.v1.LinkService")
        self.server, self.port = make_server("127.0.0.1:0", self.health, tls=self.tls)
        self.target = f"127.0.0.1:{self.port}"
        link_pb2_grpc.add_LinkServiceServicer_to_server(self, self.server)
        await self.server.start()
        self.health.set_serving()
        return self

    async def __aexit__(self, *exc):
        await self.server.stop(0)

    async def Transmit(self, request_iterator, context):
        self.metadata.append(dict(context.invocation_metadata()))
        self.remaining.append(context.time_remaining())
        ending = "cancelled"
        try:
            symbols = 0
            while (request := await next_request(context)) is not None:
                if request.WhichOneof("kind") == "open":
                    self.opens.append(request.open)
                    await context.write(pb.TransmitResponse(accepted=pb.Accepted(video_url="/v1/videos/x")))
                else:
                    await self.gate.wait()
                    self.blocks.append(unpack_symbols(request.block.symbols))
                    symbols += self.blocks[-1].size
                    report = pb.BlockReport(sequence=request.block.sequence, snr_db=12.5)
                    await context.write(pb.TransmitResponse(report=report))
                    if len(self.blocks) == self.summary_after:
                        break
            if self.abort:
                ending = "aborted"
                await context.abort(*self.abort)
            summary = pb.TransmitSummary(bursts=len(self.blocks), symbols=symbols, complete=True)
            await context.write(pb.TransmitResponse(summary=summary))
            context.set_trailing_metadata((("receiver-trailer", "kept"),))
            ending = "closed"
        finally:
            self.endings.append(ending)
            self.ended.set()


class RunningChannel:
    """A `ChannelService` in front of ``target``."""

    def __init__(self, target, traces=None, **settings):
        self.traces = traces
        self.settings = ChannelSettings(listen="127.0.0.1:0", receiver=target, drain_s=1, **settings)

    async def __aenter__(self):
        self.service = ChannelService(self.settings, self.traces)
        await self.service.start()
        self.target = f"127.0.0.1:{self.service.port}"
        return self

    async def __aexit__(self, *exc):
        await self.service.stop(0)


class Sender:
    """The sending end of one transmission through ``target``."""

    def __init__(self, target, transmission_id="t1", emulation=None, timeout=20.0, metadata=(), tls=None):
        self.channel = make_channel(target, tls)
        stub = link_pb2_grpc.LinkServiceStub(self.channel)
        self.call = stub.Transmit(timeout=timeout, metadata=metadata)
        self.open = pb.Open(transmission_id=transmission_id, emulation=emulation)
        self.sequence = 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        self.call.cancel()
        await self.channel.close()

    async def start(self):
        await self.call.write(pb.TransmitRequest(open=self.open))
        return (await self.call.read()).accepted

    async def write(self, symbols):
        block = pb.SymbolBlock(sequence=self.sequence, symbols=pack_symbols(symbols))
        self.sequence += 1
        await self.call.write(pb.TransmitRequest(block=block))

    async def exchange(self, symbols):
        await self.write(symbols)
        return (await self.call.read()).report

    async def finish(self):
        await self.call.done_writing()
        return (await self.call.read()).summary

    async def error(self):
        """Code and details of the call, which must end."""
        try:
            while await self.call.read() is not grpc.aio.EOF:
                pass
        except grpc.aio.AioRpcError:
            pass
        return await self.call.code(), await self.call.details()


async def eventually(condition, timeout_s=10.0):
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def qpsk(count, seed=0):
    """Unit-power symbols, [count] complex64."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (2, count)) / np.sqrt(2)
    return (signs[0] + 1j * signs[1]).astype(np.complex64)


@pytest.fixture
def air():
    """What the tests of this folder build their scenes from."""
    return SimpleNamespace(
        FakeReceiver=FakeReceiver,
        RunningChannel=RunningChannel,
        Sender=Sender,
        eventually=eventually,
        qpsk=qpsk,
    )
