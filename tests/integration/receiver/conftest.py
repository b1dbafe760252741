"""A receiver as its own process, and a sender made of nothing but bitstream and physical layer."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from semvid import bitstream
from semvid.images.keyframe_codec import EncodedPicture, KeyframeEncoder
from semvid.link.packing import CodedGroup
from semvid.link.symbols import pack_symbols
from semvid.phy.block import Block, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import sounding
from semvid.semantics import Caption, PictureCoding, SideUnit, StreamEnd, StreamHeader
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc
from tests.ports import free_port

FINAL = {"SUCCEEDED", "TRUNCATED", "FAILED"}
WIDTH, HEIGHT, FRAMES = 96, 64, 25
LOW_DELAY = PictureCoding.LOW_DELAY
HEADER = StreamHeader(
    WIDTH, HEIGHT, WIDTH, HEIGHT, Fraction(1, 30_000), Fraction(30_000, 1001), coding=LOW_DELAY, seed=7
)
ROBUST, FAST = MCS_TABLE[4], MCS_TABLE[9]

Symbols = NDArray[np.complex64]


@dataclass
class Receiver:
    """A running receiver process."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    link_port: int = field(default_factory=free_port)

    def start(self) -> Receiver:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "SEMVID_RECEIVER_PORT": str(self.port),
            "SEMVID_RECEIVER_LINK_ADDRESS": f"127.0.0.1:{self.link_port}",
            "SEMVID_RECEIVER_DATA_DIR": str(self.data),
            **self.settings,
        }
        self.log = (self.data.parent / f"{self.data.name}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "receiver"], env=environment, stdout=self.log, stderr=self.log
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        wait_for(lambda: self._ready() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.log_text()
        return self

    def _ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(60)
        self.http.close()
        self.log.close()
        return code

    def log_text(self) -> str:
        return Path(self.log.name).read_text()

    def video(self, video_id: str) -> dict[str, Any]:
        response = self.http.get(f"/v1/videos/{video_id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    def final(self, video_id: str) -> dict[str, Any]:
        wait_for(lambda: self.video(video_id)["state"] in FINAL)
        return self.video(video_id)

    def open(self, video_id: str | None = None, opening: bool = True, live: bool = False) -> Call:
        return Call(self, video_id, opening, live)

    def metric(self, name: str) -> float:
        """Sum over all labels."""
        lines = self.http.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    def segments(self, video_id: str) -> list[dict[str, Any]]:
        return list(self.http.get(f"/v1/videos/{video_id}/segments").json())


class Call:
    """One Transmit call, blocking."""

    def __init__(
        self, receiver: Receiver, video_id: str | None = None, opening: bool = True, live: bool = False
    ) -> None:
        self.id = video_id or uuid.uuid4().hex[:16]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{receiver.link_port}")
        self._requests: queue.SimpleQueue[pb.TransmitRequest | None] = queue.SimpleQueue()
        stub = link_pb2_grpc.LinkServiceStub(self._channel)
        self.call = stub.Transmit(iter(self._requests.get, None), timeout=120)
        self.sequence = 0
        self.symbols = 0
        if opening:
            self.put(pb.TransmitRequest(open=pb.Open(transmission_id=self.id, live=live)))
            self.accepted = next(self.call).accepted

    def put(self, request: pb.TransmitRequest) -> None:
        self._requests.put(request)

    def send(self, symbols: Symbols) -> pb.BlockReport:
        block = pb.SymbolBlock(sequence=self.sequence, symbols=pack_symbols(symbols))
        self.put(pb.TransmitRequest(block=block))
        report = next(self.call).report
        assert report.sequence == self.sequence
        self.sequence += 1
        self.symbols += len(symbols)
        return report

    def send_all(self, bursts: Sequence[Symbols]) -> list[pb.BlockReport]:
        return [self.send(symbols) for symbols in bursts]

    def finish(self) -> pb.TransmitSummary:
        self._requests.put(None)
        summary = next(self.call).summary
        assert list(self.call) == []
        self._channel.close()
        return summary

    def cancel(self) -> None:
        self.call.cancel()
        self._requests.put(None)
        self._channel.close()

    def status(self) -> tuple[grpc.StatusCode, str]:
        """Status of a call that the receiver ended."""
        with pytest.raises(grpc.RpcError):
            list(self.call)
        self._requests.put(None)
        self._channel.close()
        return self.call.code(), self.call.details()


def burst(process: int, protected: Sequence[SideUnit] = (), bulk: bytes = b"") -> Symbols:
    """The symbols of one block, without noise."""
    small = TransportBlock(bitstream.pack(protected), ROBUST) if protected else None
    large = TransportBlock(bulk, FAST) if bulk else None
    return modulate(Block(process % 16, 0, small, large, aggregation=1))


def bulk(
    pictures: Sequence[EncodedPicture], number: int, frames: Sequence[int], limit: int = 8191
) -> list[bytes]:
    """The bulk payloads of a group that begins with keyframe ``number``; its keyframes lie at ``frames``."""
    coded = CodedGroup.of(pictures, number, frames, shot_start=False)
    return [block.bulk.data for block in coded.blocks(limit) if block.bulk is not None]


def noise(like: Symbols) -> Symbols:
    """What arrives of a block that drowned."""
    random = np.random.default_rng(len(like))
    parts = random.standard_normal((2, len(like)))
    return ((parts[0] + 1j * parts[1]) / np.sqrt(2)).astype(np.complex64)


def picture(frame: int, shot: int = 0) -> NDArray[np.uint8]:
    """A bright square that moves over a gradient."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = np.linspace(20, 120, WIDTH)[None, :]
    image[..., 1] = np.linspace(20, 120, HEIGHT)[:, None]
    image[..., 2] = 90 * shot
    image[20:36, 10 + 2 * frame : 26 + 2 * frame] = (240, 230, 60)
    return image


@dataclass
class Clip:
    """The blocks of a small transmission: header, four keyframes with their text, end."""

    header: Symbols
    keyframes: list[Symbols]
    end: Symbols
    pictures: dict[int, NDArray[np.uint8]]
    stream_header: StreamHeader = HEADER
    burst = staticmethod(burst)
    bulk = staticmethod(bulk)
    noise = staticmethod(noise)

    @property
    def bursts(self) -> list[Symbols]:
        return [sounding(), self.header, *self.keyframes, self.end]


@pytest.fixture(scope="session")
def clip() -> Clip:
    places = (0, 8, 16, 24)
    blocks = []
    with KeyframeEncoder(WIDTH, HEIGHT, 25, LOW_DELAY, preset=8) as encoder:
        for number, frame in enumerate(places):
            (group,) = encoder.push(picture(frame))
            text = [Caption(number - 1, number, f"part {number}", 40)] if number else []
            blocks.append(burst(number + 1, text, *bulk(group, number, [frame])))
    return Clip(
        burst(0, [HEADER]),
        blocks,
        burst(5, [StreamEnd(FRAMES, len(places))]),
        {frame: picture(frame) for frame in range(FRAMES)},
    )


@pytest.fixture
def start_receiver(tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """Starts receivers of one's own; the same data directory each time."""
    started: list[Receiver] = []

    def start(**settings: str) -> Receiver:
        prefixed = {f"SEMVID_RECEIVER_{name.upper()}": value for name, value in settings.items()}
        started.append(Receiver(tmp_path / "data", prefixed).start())
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    running = Receiver(tmp_path_factory.mktemp("receiver") / "data").start()
    yield running
    running.stop()
    log = running.log_text()
    assert "receiver stopped" in log, log
    assert "[error" not in log, log
    assert "Traceback" not in log, log


def wait_for(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
