"""A TCP proxy whose connections can be cut, held up and delayed: a bad network between two services."""

import asyncio
import threading
from contextlib import suppress
from typing import Self

HOST = "127.0.0.1"
_PIECE_BYTES = 2**16


class FaultLink:
    """Carries TCP connections from a port of its own to another, in a thread of its own.

    A cut resets every connection, as a router that loses power does, and refuses new ones. What is held up
    stays where it is, in both directions, and no connection is closed.

    Args:
        port: of the loopback interface to listen on.
        target: port of the loopback interface that is the other end.
    """

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._delay_s, self._cut, self._held_up = 0.0, False, False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"fault-link-{port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self._delay_s, self._cut = 0.0, False
        self._held_up = False

    def cut(self) -> None:
        """Resets every connection and refuses new ones, until `heal`."""
        self._cut = True
        self._loop.call_soon_threadsafe(self._abort_all)

    def hold_up(self) -> None:
        """Carries nothing, until `heal`."""
        self._held_up = True

    def delay(self, seconds: float) -> None:
        """Everything takes ``seconds`` longer each way, until `heal`."""
        self._delay_s = seconds

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, HOST, self._port)
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._abort_all()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _abort_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            if self._cut:
                return
            back, there = await asyncio.open_connection(HOST, self._target)
            self._writers.add(there)
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._carry(reader, there)),
                    asyncio.ensure_future(self._carry(back, writer)),
                ]
            )
        except OSError:
            return  # nobody listens there: the caller sees its connection closed
        finally:
            for one in (writer, there):
                if one is not None:
                    self._writers.discard(one)
                    one.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # each piece waits out its own delay while the next ones are read, so that a delay costs no throughput
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        sending = asyncio.ensure_future(self._send(due, writer))
        with suppress(OSError):
            while data := await reader.read(_PIECE_BYTES):
                await due.put((self._loop.time() + self._delay_s, data))
        await due.put((self._loop.time() + self._delay_s, b""))
        await sending

    async def _send(self, due: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        broken = False
        while True:
            at, data = await due.get()
            await asyncio.sleep(max(0.0, at - self._loop.time()))
            while self._held_up:
                await asyncio.sleep(0.05)
            if not data:
                break
            if not broken:
                try:
                    writer.write(data)
                    await writer.drain()
                except OSError:
                    broken = True  # the rest is read and dropped until the other side sees it
        with suppress(OSError, RuntimeError):
            writer.write_eof()
