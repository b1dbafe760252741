"""What passes through a channel, and what does not."""

from __future__ import annotations

import asyncio

import grpc
import numpy as np
import pytest

from channel.conditions import Conditions
from channel.noise import receive
from channel.reports import receive_report
from semvid.link.stream import next_request
from semvid.link.symbols import pack_symbols, unpack_symbols
from semvid.link.tls import ClientTls, ServerTls
from semvid.phy.block import TbState
from semvid.phy.report_word import ReportWord, decode_report, modulate_report
from semvid.waveform import Ofdm
from semvid.wire.v1 import link_pb2 as pb


def test_blocks_arrive_with_the_noise_of_their_numbers_and_answers_come_back_unchanged(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, model="rayleigh", coherence_symbols=100, seed=5) as channel,
            air.Sender(channel.target) as sender,
        ):
            assert (await sender.start()).video_url == "/v1/videos/x"
            blocks = [air.qpsk(n, n) for n in (1, 64, 1000, 65_536)]
            for number, block in enumerate(blocks):
                report = await sender.exchange(block)
                assert (report.sequence, report.snr_db) == (number, 12.5)
            summary = await sender.finish()
            assert (summary.bursts, summary.symbols, summary.complete) == (4, 66_601, True)
            assert await sender.call.code() is grpc.StatusCode.OK
            assert dict(await sender.call.trailing_metadata())["receiver-trailer"] == "kept"
        conditions = Conditions(model="rayleigh", coherence_symbols=100, seed=5)
        position = 0
        for number, (block, arrived) in enumerate(zip(blocks, receiver.blocks, strict=True)):
            np.testing.assert_array_equal(arrived, receive(block, conditions, number, position))
            position += block.size

    asyncio.run(scene())


def test_ofdm_is_told_to_the_next_hop_and_done_to_the_symbols(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, model="tdl-a+cfo", seed=5) as channel,
            air.Sender(channel.target) as sender,
        ):
            sender.open.ofdm.resource_blocks = 2
            sender.open.ofdm.numerology = 1
            await sender.start()
            blocks = [air.qpsk(24 * rows, rows) for rows in (1, 7)]
            for block in blocks:
                await sender.exchange(block)
            await sender.finish()
            assert receiver.opens[0].ofdm == pb.Ofdm(numerology=1, resource_blocks=2)
        conditions = Conditions(model="tdl-a+cfo", seed=5)
        for number, (block, arrived) in enumerate(zip(blocks, receiver.blocks, strict=True)):
            expected = receive(block, conditions, number, 24 * number, Ofdm(1, 2))
            np.testing.assert_array_equal(arrived, expected)

    asyncio.run(scene())


def test_nothing_but_received_symbols_passes(air):
    smuggled = b"\x9a\x06\x05hello"  # field 99, which no message has

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target, metadata=(("caption", "a cat"),)) as sender,
        ):
            sender.open.MergeFromString(smuggled)
            sender.open.emulation.snr_db = 60
            sender.open.attempt = 3
            await sender.start()
            block = pb.SymbolBlock(sequence=0, symbols=air.qpsk(64).tobytes())
            block.MergeFromString(smuggled)
            await sender.call.write(pb.TransmitRequest(block=block))
            await sender.call.read()
            await sender.finish()
            passed = pb.Open(transmission_id="t1", attempt=3)
            assert receiver.opens == [passed]
            assert receiver.opens[0].SerializeToString() == passed.SerializeToString()
            assert "caption" not in receiver.metadata[0]

    asyncio.run(scene())


def test_two_channels_in_a_row(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, snr_db=10, seed=2, check_power=False) as second,
            air.RunningChannel(second.target, snr_db=10, seed=1) as first,
            air.Sender(first.target) as sender,
        ):
            await sender.start()
            sent = air.qpsk(20_000)
            await sender.exchange(sent)
            assert (await sender.finish()).complete
            noise = receiver.blocks[0] - sent
            # independent noise of 0.1 each adds up; 20 000 draws know their variance to 1 % (one sigma 0.7 %)
            assert abs(np.mean(np.abs(noise) ** 2) - 0.2) < 0.2 * 0.03

    asyncio.run(scene())


def test_conditions_of_one_transmission_leave_others_alone(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target, snr_db=10, max_transmissions=2) as channel,
            air.Sender(channel.target, "own", pb.ChannelConditions(snr_db=-10, seed=9)) as own,
            air.Sender(channel.target, "default") as plain,
        ):
            await own.start()
            await plain.start()
            sent = air.qpsk(500)
            await own.exchange(sent)
            await plain.exchange(sent)
            loud, quiet = receiver.blocks
            np.testing.assert_array_equal(loud, receive(sent, Conditions(snr_db=-10, seed=9), 0, 0))
            np.testing.assert_array_equal(quiet, receive(sent, Conditions(snr_db=10), 0, 0))
            await own.finish()
            await own.error()
            async with air.Sender(channel.target, "own") as again:  # what was its own went with it
                await again.start()
                await again.exchange(sent)
                np.testing.assert_array_equal(receiver.blocks[-1], quiet)

    asyncio.run(scene())


def test_a_sleeping_receiver_is_felt_at_the_sender(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target) as sender,
        ):
            await sender.start()
            receiver.gate.clear()
            filling = asyncio.create_task(_write_many(sender, air.qpsk(1_024), 1000))
            written = await _stalled_at(sender)
            assert 8 * 1_024 * written < 1_000_000, "of 8 MB offered, only what the windows hold may be taken"
            receiver.gate.set()
            reading = asyncio.create_task(sender.error())
            await asyncio.wait_for(filling, 60)
            await sender.call.done_writing()
            assert (await reading)[0] is grpc.StatusCode.OK
            assert len(receiver.blocks) == 1000

    asyncio.run(scene())


def test_traffic_passes_while_another_transmission_is_blocked(air):
    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target, "stuck") as stuck,
            air.Sender(channel.target, "free") as free,
        ):
            await stuck.start()
            receiver.gate.clear()
            filling = asyncio.create_task(_write_many(stuck, air.qpsk(4096), 1000))
            await asyncio.sleep(0.5)
            assert (await free.start()).video_url, "the connection to the receiver must not be clogged"
            filling.cancel()
            receiver.gate.set()

    asyncio.run(scene())


def test_tls_on_both_sides(air, pki):
    async def scene():
        async with (
            air.FakeReceiver(ServerTls(pki / "server.pem", pki / "server.key", pki / "ca.pem")) as receiver,
            air.RunningChannel(
                receiver.target,
                tls_certificate=pki / "server.pem",
                tls_key=pki / "server.key",
                receiver_tls=True,
                receiver_tls_authority=pki / "ca.pem",
                receiver_tls_certificate=pki / "client.pem",
                receiver_tls_key=pki / "client.key",
            ) as channel,
            air.Sender(channel.target, tls=ClientTls(pki / "ca.pem")) as sender,
        ):
            await sender.start()
            await sender.exchange(air.qpsk(10))
            assert (await sender.finish()).complete

    asyncio.run(scene())


@pytest.mark.slow
def test_a_transmission_survives_a_long_silence(air):
    """Keepalive pings go out every 20 s; a server that minds them hangs up at the fourth, after 80 s."""

    async def scene():
        async with (
            air.FakeReceiver() as receiver,
            air.RunningChannel(receiver.target) as channel,
            air.Sender(channel.target, timeout=None) as sender,
        ):
            await sender.start()
            await asyncio.sleep(110)
            await sender.exchange(air.qpsk(10))
            assert (await sender.finish()).complete

    asyncio.run(scene())


async def _write_many(sender, block, count):
    for _ in range(count):
        await sender.write(block)


async def _stalled_at(sender):
    """Number of blocks written when no more are taken for a second."""
    while True:
        before = sender.sequence
        await asyncio.sleep(1.0)
        if sender.sequence == before:
            return before - 1


class ReportingReceiver:
    """Makes a `FakeReceiver` answer bursts by reports that are symbols."""

    def __init__(self, fake):
        self.fake, self.sent = fake, []

    async def transmit(self, _, context):
        number = 0
        while (request := await next_request(context)) is not None:
            if request.WhichOneof("kind") == "open":
                self.fake.opens.append(request.open)
                await context.write(pb.TransmitResponse(accepted=pb.Accepted()))
                continue
            word = ReportWord(number, True, TbState.ABSENT, TbState.DECODED, 12.5, 12.0)
            self.sent.append(modulate_report(word, 2))
            report = pb.SymbolBlock(sequence=number, symbols=pack_symbols(self.sent[-1]))
            await context.write(pb.TransmitResponse(report_symbols=report))
            number += 1
        await context.write(pb.TransmitResponse(summary=pb.TransmitSummary(bursts=number)))


def test_reports_that_are_symbols_get_noise_of_their_own_and_come_late(air):
    async def scene():
        fake = air.FakeReceiver()
        reporting = ReportingReceiver(fake)
        fake.Transmit = reporting.transmit
        async with fake:
            emulation = pb.ChannelConditions(return_snr_db=4.0, return_delay_ms=300.0, seed=9)
            async with (
                air.RunningChannel(fake.target) as channel,
                air.Sender(channel.target, emulation=emulation) as sender,
            ):
                sender.open.return_link.aggregation, sender.open.window = 2, 8
                await sender.start()
                began = asyncio.get_running_loop().time()
                for number in range(3):  # all of them leave before the first report is back
                    await sender.write(air.qpsk(60, number))
                reports = [(await sender.call.read()).report_symbols for _ in range(3)]
                assert asyncio.get_running_loop().time() - began >= 0.3
                assert (await sender.finish()).bursts == 3
        assert (fake.opens[0].return_link.aggregation, fake.opens[0].window) == (2, 8)
        conditions = Conditions(return_snr_db=4.0, seed=9)
        for number, (report, sent) in enumerate(zip(reports, reporting.sent, strict=True)):
            received = unpack_symbols(report.symbols)
            np.testing.assert_array_equal(received, receive_report(sent, conditions, number))
            assert not np.array_equal(received, receive(sent, conditions, number, 0))
            read = decode_report(received, 2)
            assert read is not None
            assert (read.burst, read.snr_db) == (number, 12.5)

    asyncio.run(scene())
