"""The other side of a radio's sockets, in numpy: what a flowgraph would do to samples, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import zmq

_CHUNKS = (1, 700, 3000, 8191)  # samples of a message, in turn


class Peer(threading.Thread):
    """Takes samples, turns them, adds noise, holds some back as a filter does, and gives them in odd pieces.

    Args:
        take, give: addresses to connect to and to bind.
        noise: variance of a sample's noise.
        offset: of the carrier, cycles per sample.
        delay: samples of silence at the beginning; half of one more comes from an interpolating filter.
        deaf: gives nothing.
    """

    def __init__(
        self, take: str, give: str, noise: float, offset: float, delay: int = 77, deaf: bool = False
    ) -> None:
        super().__init__(daemon=True)
        self._context = zmq.Context()
        self._take, self._give = self._context.socket(zmq.PULL), self._context.socket(zmq.PUSH)
        self._take.connect(take)
        self._give.bind(give)
        self._noise, self._offset, self.deaf = noise, offset, deaf
        self._held = np.zeros(delay, np.complex64)
        self._over = threading.Event()

    def run(self) -> None:
        rng, number, turn = np.random.default_rng(1), 0, 0
        taps = np.sinc(np.arange(-15, 16) - 0.5) * np.hanning(33)[1:-1]
        before = np.zeros(30, np.complex64)
        while not self._over.is_set():
            if not self._take.poll(20):
                continue
            came = np.concatenate([before, np.frombuffer(self._take.recv(), np.complex64)])
            before = came[-30:]
            late = np.convolve(came, taps, "valid")
            turns = self._offset * (number + np.arange(len(late)))
            number += len(late)
            noise = np.sqrt(self._noise / 2) * (rng.normal(size=(len(late), 2)) @ [1, 1j])
            self._held = np.concatenate([self._held, late * np.exp(2j * np.pi * turns) + noise])
            while len(self._held) > 200:
                size = min(_CHUNKS[turn % len(_CHUNKS)], len(self._held) - 200)
                if not self.deaf:
                    self._give.send(self._held[:size].astype(np.complex64).tobytes())
                self._held, turn = self._held[size:], turn + 1

    def stop(self) -> None:
        self._over.set()
        self.join(10)
        self._context.destroy(linger=0)


@contextmanager
def peer(ports: tuple[int, int], snr_db: float = 15.0, cfo_hz: float = 200.0, **more: int) -> Iterator[Peer]:
    """One at two samples a symbol and a million symbols a second."""
    noise = 2 * 10 ** (-snr_db / 10)
    give, take = (f"tcp://127.0.0.1:{port}" for port in reversed(ports))
    one = Peer(take, give, noise, cfo_hz / 2e6, **more)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def air_of(ports: tuple[int, int]) -> str:
    """What SEMVID_CHANNEL_AIR is for a peer at these ports."""
    return f"zmq:tcp://127.0.0.1:{ports[0]},tcp://127.0.0.1:{ports[1]}"
