"""What a channel refuses, and that it lives on after."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
import numpy as np
import pytest

from semvid.wire.v1 import link_pb2 as pb

OPEN = pb.TransmitRequest(open=pb.Open(transmission_id="t1"))


def _open(**fields):
    return pb.TransmitRequest(open=pb.Open(transmission_id="t1", **fields))


def _block(symbols, sequence=0):
    data = symbols if isinstance(symbols, bytes) else np.asarray(symbols, np.complex64).tobytes()
    return pb.TransmitRequest(block=pb.SymbolBlock(sequence=sequence, symbols=data))


_FAULTS = {
    "nothing at all": ([], "must be Open"),
    "a block first": ([_block([1])], "must be Open"),
    "an empty message first": ([pb.TransmitRequest()], "must be Open"),
    "a second Open": ([OPEN, OPEN], "after Open must be a burst"),
    "an empty message": ([OPEN, pb.TransmitRequest()], "after Open must be a burst"),
    "no id": ([pb.TransmitRequest(open=pb.Open())], "1..64 characters"),
    "an id too long": ([pb.TransmitRequest(open=pb.Open(transmission_id="x" * 65))], "1..64 characters"),
    "an id with a newline": ([pb.TransmitRequest(open=pb.Open(transmission_id="x\n"))], "1..64 characters"),
    "no symbols": ([OPEN, _block(b"")], "without symbols"),
    "half a symbol": ([OPEN, _block(b"1234")], "no whole number"),
    "not a number": ([OPEN, _block([0, np.nan])], "symbol 1"),
    "infinity": ([OPEN, _block([np.inf])], "symbol 0"),
    "wrong first number": ([OPEN, _block([1], sequence=1)], "burst 0 was due, got sequence 1"),
    "number repeated": ([OPEN, _block([1]), _block([1])], "burst 1 was due, got sequence 0"),
    "bought SNR": ([OPEN, _block(np.full(64, 1.3))], "mean power 1.69 over 64 symbols, the limit is 1.5"),
    "unknown model": (
        [pb.TransmitRequest(open=pb.Open(transmission_id="t", emulation=pb.ChannelConditions(model="x")))],
        "no channel model 'x'; there are awgn, rayleigh, rician",
    ),
    "a file of the operator's": (
        [_open(emulation=pb.ChannelConditions(model="trace:/etc/passwd"))],
        "no channel model 'trace:/etc/passwd'",
    ),
    "a trace without points": ([_open(emulation=pb.ChannelConditions(model="trace"))], "needs its points"),
    "a grid of no size": ([_open(ofdm=pb.Ofdm())], "resource_blocks must lie in 1..52, got 0"),
    "a part of an OFDM symbol": (
        [_open(ofdm=pb.Ofdm(resource_blocks=1)), _block(np.ones(13))],
        "whole number of OFDM symbols of 12 resource elements, got 13",
    ),
    "a channel longer than the prefix": (
        [
            _open(
                ofdm=pb.Ofdm(resource_blocks=1, numerology=4),
                emulation=pb.ChannelConditions(model="tdl-a", delay_spread_ns=300),
            )
        ],
        "the cyclic prefix allows 0.293 us",
    ),
    "SNR out of range": (
        [pb.TransmitRequest(open=pb.Open(transmission_id="t", emulation=pb.ChannelConditions(snr_db=61)))],
        "snr_db must lie in -30..60, got 61",
    ),
}


@pytest.fixture
def outcome(air):
    """Sends messages, closes, and returns code and details; the channel must serve the next transmission."""

    def run(messages, **settings):
        async def scene():
            async with (
                air.FakeReceiver() as receiver,
                air.RunningChannel(receiver.target, **settings) as channel,
            ):
                async with air.Sender(channel.target) as sender:
                    try:
                        for message in messages:
                            await sender.call.write(message)
                        await sender.call.done_writing()
                    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                        pass
                    result = await sender.error()
                async with air.Sender(channel.target) as sender:
                    await sender.start()
                    await sender.exchange(air.qpsk(10))
                    assert (await sender.finish()).complete
                return result

        return asyncio.run(scene())

    return run


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_broken_protocol_is_an_invalid_argument_that_says_what_is_wrong(outcome, fault):
    messages, says = _FAULTS[fault]
    code, details = outcome(messages)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert says in details


def test_a_block_at_the_limit_passes_and_one_symbol_more_does_not(outcome, air):
    assert outcome([OPEN, _block(air.qpsk(65_536))])[0] is grpc.StatusCode.OK
    code, details = outcome([OPEN, _block(air.qpsk(65_537))])
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "65537 symbols, the limit is 65536" in details


def test_a_message_over_the_limit_is_refused_by_grpc(air):
    async def scene():
        async with air.FakeReceiver() as receiver, air.RunningChannel(receiver.target) as channel:
            message = _block(b"\0" * 2_000_000).SerializeToString()
            async with grpc.aio.insecure_channel(channel.target) as raw:
                call = raw.stream_stream("/semvid.wire.v1.LinkService/Transmit")(iter([message]), timeout=10)
                code, details = await call.code(), await call.details()
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "larger than max" in details

    asyncio.run(scene())


def test_symbols_of_a_transmission_are_bounded(outcome, air):
    at_limit = [OPEN, _block(air.qpsk(60)), _block(air.qpsk(40), 1)]
    assert outcome(at_limit, max_symbols=100)[0] is grpc.StatusCode.OK
    code, details = outcome([*at_limit, _block(air.qpsk(1), 2)], max_symbols=100)
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "more than 100 symbols" in details


def test_loud_symbols_pass_where_another_channel_feeds_this_one(outcome):
    assert outcome([OPEN, _block(np.full(64, 3))], check_power=False)[0] is grpc.StatusCode.OK


def test_an_id_in_use_is_refused_and_so_is_one_transmission_too_many(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, max_transmissions=1) as channel,
            air.Sender(channel.target) as sender,
            air.Sender(channel.target) as same_id,
            air.Sender(channel.target, "t2") as one_more,
        ):
            await sender.start()
            await same_id.call.write(OPEN)
            code, details = await same_id.error()
            assert code is grpc.StatusCode.ALREADY_EXISTS
            assert "'t1' is under way" in details
            await one_more.call.write(pb.TransmitRequest(open=one_more.open))
            code, details = await one_more.error()
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "the limit is 1" in details
            await sender.exchange(air.qpsk(10))
            assert (await sender.finish()).complete

    asyncio.run(scene())


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 500,
        np.random.default_rng(0).bytes(100_000),
        b"",
    ],
    ids=["http1", "bad frames", "random", "nothing"],
)
def test_garbage_on_the_port_does_no_harm(air, garbage):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target) as sender,
        ):
            await sender.start()
            reader, writer = await asyncio.open_connection("127.0.0.1", channel.service.port)
            with contextlib.suppress(OSError):  # the channel hangs up first, or (TimeoutError) waits for more
                writer.write(garbage)
                writer.write_eof()
                await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await sender.exchange(air.qpsk(10))
            assert (await sender.finish()).complete

    asyncio.run(scene())


def test_bytes_that_are_no_message_are_refused(air):
    async def scene():
        async with air.FakeReceiver() as receiver, air.RunningChannel(receiver.target) as channel:
            async with grpc.aio.insecure_channel(channel.target) as raw:
                call = raw.stream_stream("/semvid.wire.v1.LinkService/Transmit")(
                    iter([b"\xff\xff"]), timeout=10
                )
                assert await call.code() is not grpc.StatusCode.OK
            async with air.Sender(channel.target) as sender:
                await sender.start()
                assert (await sender.finish()).complete

    asyncio.run(scene())
