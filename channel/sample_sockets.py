"""Samples over ZeroMQ, as the sources and sinks of GNU Radio's gr-zeromq give and take them.

A message is any number of complex64 samples, little endian. Ours is the PUSH socket that gives samples,
bound, which a `ZMQ PULL Source` connects to, and the PULL socket that takes them, connected, to which a
`ZMQ PUSH Sink` is bound. Both wait where the other side is slow: PUB and SUB would lose samples.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, LinkFailed, MissingComponent

if TYPE_CHECKING:
    import zmq.asyncio

_DTYPE = np.dtype("<c8")
_HIGH_WATER = 64  # messages
_MAX_MESSAGE_BYTES = 2**24


class SampleSockets:
    """The two ends. Make and use it in one event loop.

    Args:
        out: address to bind, of the samples that go out.
        back: address to connect to, of those that come in.

    Attributes:
        name: both addresses.

    Raises:
        MissingComponent: pyzmq is not installed.
        InvalidInput: an address that cannot be used.
    """

    def __init__(self, out: str, back: str) -> None:
        try:
            import zmq
            import zmq.asyncio
        except ImportError as error:
            raise MissingComponent(
                'channel: SEMVID_CHANNEL_AIR=zmq: needs pyzmq; pip install "semvid[iq]"'
            ) from error
        self.name = f"zmq:{out},{back}"
        self._context: zmq.asyncio.Context = zmq.asyncio.Context()
        self._out: Any = self._context.socket(zmq.PUSH)
        self._back: Any = self._context.socket(zmq.PULL)
        for one in (self._out, self._back):
            one.setsockopt(zmq.LINGER, 0)
        self._out.setsockopt(zmq.SNDHWM, _HIGH_WATER)
        self._back.setsockopt(zmq.RCVHWM, _HIGH_WATER)
        self._back.setsockopt(zmq.MAXMSGSIZE, _MAX_MESSAGE_BYTES)
        self._receiving: asyncio.Future[bytes] | None = None
        for way, address, use in (("to give", out, self._out.bind), ("to take", back, self._back.connect)):
            try:
                use(address)
            except zmq.ZMQError as error:
                self.close()
                raise InvalidInput(
                    f"channel: SEMVID_CHANNEL_AIR: {address!r} {way} samples cannot be used: {error}; write "
                    "zmq:tcp://127.0.0.1:5555,tcp://127.0.0.1:5556 with ports that are free, ours first"
                ) from error

    async def send(self, samples: NDArray[np.complex64], timeout_s: float) -> None:
        """Gives samples to the other side.

        Raises:
            LinkFailed: nobody took them in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._out.send(samples.astype(_DTYPE, copy=False).tobytes())
        except TimeoutError as error:
            raise LinkFailed(
                f"channel: nobody took samples at {self.name} for {timeout_s:g} s; start the flowgraph, or "
                "raise SEMVID_CHANNEL_AIR_TIMEOUT_S"
            ) from error

    async def offer(self, samples: NDArray[np.complex64]) -> None:
        """Gives samples to the other side if it has room for them."""
        import zmq

        with suppress(zmq.Again):
            await self._out.send(samples.astype(_DTYPE, copy=False).tobytes(), zmq.NOBLOCK)

    async def receive(self, timeout_s: float) -> NDArray[np.complex64] | None:
        """The next message's samples; None: there was none in time.

        Raises:
            LinkFailed: a message that is no whole number of samples.
        """
        # a receive that is cancelled may take a message with it: one that is late is waited for next time
        if self._receiving is None:
            self._receiving = asyncio.ensure_future(self._back.recv())
        done, _ = await asyncio.wait({self._receiving}, timeout=timeout_s)
        if not done:
            return None
        data, self._receiving = self._receiving.result(), None
        if len(data) % _DTYPE.itemsize:
            raise LinkFailed(
                f"channel: {self.name} gave a message of {len(data)} bytes, which is no whole number of "
                "complex64 samples of 8; set the sink's type to complex, and pass no tags"
            )
        return np.frombuffer(data, _DTYPE).astype(np.complex64, copy=False)

    async def discard(self) -> None:
        """Throws away what has come in so far; of a stream that never ends, what the socket can hold."""
        for _ in range(2 * _HIGH_WATER):
            if await self.receive(0.0) is None:
                return

    def close(self) -> None:
        """Closes both; what was not taken is lost."""
        if self._receiving is not None:
            self._receiving.cancel()
        self._context.destroy(linger=0)
