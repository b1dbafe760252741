"""Responses on their way back: reports with the noise of the return link, all of them late by its delay."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from channel.conditions import Conditions
from channel.gaussian import RETURN_NOISE, amplitude_of_db, complex_normal
from channel.metrics import ChannelMetrics
from semvid.errors import InvalidInput
from semvid.link.symbols import pack_symbols, unpack_symbols
from semvid.wire.v1 import link_pb2 as pb

_MOST_UNDER_WAY = 64  # responses that are late at once; the next hop waits with the one after


def receive_report(
    symbols: NDArray[np.complex64], conditions: Conditions, sequence: int
) -> NDArray[np.complex64]:
    r"""Received symbols of one report: :math:`y = x + n`, white complex Gaussian noise at ``return_snr_db``.

    Drawn from the seed and the number of the burst that is reported on, from another stream than the noise of
    that burst; the same to the last bit on every machine.

    Args:
        symbols: complex64[n] of unit mean power, as sent.
        conditions: of the channel.
        sequence: of the burst.
    """
    amplitude = amplitude_of_db(-conditions.return_snr_db)
    noise_re, noise_im = complex_normal(conditions.seed, (RETURN_NOISE, sequence), 0, symbols.size)
    received = np.empty(symbols.size, np.complex64)
    received.real = symbols.real.astype(np.float64) + amplitude * noise_re
    received.imag = symbols.imag.astype(np.float64) + amplitude * noise_im
    return received


class Reports:
    """The responses of one transmission.

    Args:
        conditions: of the transmission; asked for each response.
        metrics: count symbols of reports.
    """

    def __init__(self, conditions: Callable[[], Conditions], metrics: ChannelMetrics) -> None:
        self._conditions, self._metrics = conditions, metrics
        self._being_written = asyncio.Lock()
        self._late: asyncio.Queue[tuple[float, pb.TransmitResponse] | None] = asyncio.Queue(_MOST_UNDER_WAY)

    async def pass_back(self, call: Any, context: Any) -> None:
        """Until the next hop ends the call; its status says how.

        Args:
            call: to the next hop; its responses are read.
            context: of the call from the sender.

        Raises:
            InvalidInput: the next hop sent a report that is no symbols.
        """
        writing = asyncio.create_task(self._write(context))
        try:
            try:
                while (response := await call.read()) is not grpc.aio.EOF:
                    await self._put(self._received(response), writing)
            except grpc.aio.AioRpcError:
                pass
            await self._put(None, writing)
            await writing
        finally:
            try:
                async with self._being_written:  # no status can be sent while a response is
                    pass
            finally:
                writing.cancel()

    def _received(self, response: pb.TransmitResponse) -> tuple[float, pb.TransmitResponse]:
        """``response`` as the sender gets it, and when."""
        conditions = self._conditions()
        if response.HasField("report_symbols"):
            report = response.report_symbols
            try:
                sent = unpack_symbols(report.symbols)
            except InvalidInput as error:
                raise InvalidInput(f"channel: a report came back that is no symbols: {error}") from error
            self._metrics.return_symbols.inc(sent.size)
            received = pack_symbols(receive_report(sent, conditions, report.sequence))
            # made anew, as everything that crosses
            noisy = pb.SymbolBlock(sequence=report.sequence, symbols=received)
            response = pb.TransmitResponse(report_symbols=noisy)
        return asyncio.get_running_loop().time() + 1e-3 * conditions.return_delay_ms, response

    async def _put(self, item: tuple[float, pb.TransmitResponse] | None, writing: asyncio.Task[None]) -> None:
        """Waits for room, but not for a writer that has ended."""
        putting = asyncio.ensure_future(self._late.put(item))
        await asyncio.wait({putting, writing}, return_when=asyncio.FIRST_COMPLETED)
        if not putting.done():
            putting.cancel()
            await writing

    async def _write(self, context: Any) -> None:
        while (item := await self._late.get()) is not None:
            due, response = item
            early_s = due - asyncio.get_running_loop().time()
            if early_s > 0:
                await asyncio.sleep(early_s)
            async with self._being_written:
                await context.write(response)
