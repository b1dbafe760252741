"""A radio as an air: bursts out as samples over ZeroMQ, and back from the samples that come in.

Both of its ends are here: the one that frames and shapes a burst, and the one that finds it and follows
it (`semvid.phy.radio`). Between the two lies whatever takes and gives complex64 samples: a flowgraph of
GNU Radio, a USRP behind one. One burst is on the air at a time, whoever's it is; in between there is
silence.

What comes in keeps the time: silence is sent for as many samples as arrived, so that nothing piles up on
the way, and a little by itself where nothing arrives, since blocks of a flowgraph hold samples back until
others follow.
"""

from __future__ import annotations

import asyncio
import math
import time

import numpy as np
import structlog
from numpy.typing import NDArray

from channel.air import Arrived, Sent
from channel.sample_sockets import SampleSockets
from semvid.errors import InvalidInput
from semvid.phy.radio.frame import framed
from semvid.phy.radio.pulse import REACH, shaped
from semvid.phy.radio.search import Search
from semvid.phy.radio.tracking import Followed
from semvid.waveform import RadioFrame, SingleCarrier, Waveform
from semvid.wire.v1 import link_pb2 as pb

_GUARD_SYMBOLS = 64  # of silence before and after a burst, beside the ends of its pulses
_MESSAGE_SAMPLES = 4096
_QUIET_S = 0.02  # without anything from the other side, before a little silence is sent

_log = structlog.get_logger(__name__)


class RadioAir:
    """Implements `channel.air.Air`. Use it from one event loop.

    Args:
        sockets: to the other side.
        frame: known symbols around every burst.
        samples_per_symbol: 2..16.
        symbol_rate_hz: for a recording; what keeps the time is the other side.
        timeout_s: after a burst was sent, until it counts as lost.
    """

    emulates = False

    def __init__(
        self,
        sockets: SampleSockets,
        frame: RadioFrame,
        samples_per_symbol: int,
        symbol_rate_hz: float,
        timeout_s: float,
    ) -> None:
        self._sockets, self._frame, self._sps = sockets, frame, samples_per_symbol
        self._symbol_rate_hz, self._timeout_s = symbol_rate_hz, timeout_s
        self.hardware = f"radio at {sockets.name}"
        self._turn = asyncio.Lock()
        self._number = 0

    def sample_rate_hz(self, transmission_id: str, waveform: Waveform) -> float:  # noqa: ARG002
        """See `channel.air.Air`."""
        return self._symbol_rate_hz

    def opened(self, opening: pb.Open, waveform: Waveform) -> Waveform:
        """See `channel.air.Air`."""
        if opening.HasField("emulation"):
            raise InvalidInput(
                "channel: this one is a radio and emulates nothing; leave the channel's conditions out, "
                "or send through one with SEMVID_CHANNEL_AIR=emulated"
            )
        if not isinstance(waveform, SingleCarrier):
            raise InvalidInput("channel: this one is a radio that sends a single carrier; leave OFDM out")
        if waveform.radio is not None:
            raise InvalidInput(
                "channel: a radio before this one frames bursts already; chain one radio at most"
            )
        return SingleCarrier(self._frame)

    async def cross(self, sent: Sent) -> Arrived:
        """See `channel.air.Air`."""
        async with self._turn:
            number, self._number = self._number, self._number + 1
            samples = await asyncio.to_thread(self._samples, sent.symbols, number)
            await self._sockets.discard()
            search = Search(self._frame, sent.symbols.size, number, self._sps)
            sending = asyncio.create_task(self._send(samples))
            try:
                came = await self._wait_for(search, sending)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        if came is None:
            _log.warning(
                "burst lost on the air",
                transmission_id=sent.transmission_id,
                burst=sent.sequence,
                found=search.found is not None,
                timeout_s=self._timeout_s,
            )
            return Arrived(np.zeros(sent.symbols.size, np.complex64), {"lost": True})
        return Arrived(came.symbols, self._remarks(came))

    async def close(self) -> None:
        """See `channel.air.Air`."""
        self._sockets.close()

    def _samples(self, symbols: NDArray[np.complex64], number: int) -> NDArray[np.complex64]:
        silence = np.zeros(_GUARD_SYMBOLS * self._sps, np.complex64)
        burst = shaped(framed(symbols, self._frame, number), self._sps)
        # an own preamble's length after it: a search looks that far ahead
        after = np.zeros((self._frame.preamble + 2 * REACH) * self._sps, np.complex64)
        return np.concatenate([silence, burst, after, silence])

    async def _send(self, samples: NDArray[np.complex64]) -> None:
        for start in range(0, len(samples), _MESSAGE_SAMPLES):
            await self._sockets.send(samples[start : start + _MESSAGE_SAMPLES], self._timeout_s)

    async def _wait_for(self, search: Search, sending: asyncio.Task[None]) -> Followed | None:
        """The burst, or None once it is lost."""
        deadline = math.inf
        quiet = np.zeros(_MESSAGE_SAMPLES // 4, np.complex64)
        while True:
            if sending.done():
                sending.result()
                deadline = min(deadline, time.monotonic() + self._timeout_s)
            samples = await self._sockets.receive(_QUIET_S)
            if samples is not None:
                came = await asyncio.to_thread(search.take, samples)
                if came is not None:
                    return came
            if time.monotonic() > deadline:
                return None
            if sending.done():
                silence = quiet if samples is None else np.zeros(len(samples), np.complex64)
                await self._sockets.offer(silence)

    def _remarks(self, came: Followed) -> dict[str, float | int | str | bool]:
        return {
            "carrier_offset_hz": round(came.offset * self._symbol_rate_hz, 3),
            "clock_ppm": round(came.clock_ppm, 3),
            "phase_wanders": came.wanders,
        }
