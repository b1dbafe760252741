"""What is wrong is refused at the door, with a sentence, and nothing else is disturbed."""

from __future__ import annotations

import json
import socket
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.e2e.conftest import Trio


def _refused(trio: Trio, path: Path, options: str = "{}") -> dict[str, object]:
    answer = trio.submit(path, options)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = dict(answer.json())
    assert len(str(problem["detail"])) > 20
    return problem


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp4", b""),
        ("text.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        ("noise.mp4", bytes(range(256)) * 64),
        ("playlist.mp4", b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://127.0.0.1/x.ts\n"),
    ],
)
def test_files_that_are_no_video(trio: Trio, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert _refused(trio, path)["code"] == "UNSUPPORTED_MEDIA"


def test_truncated_video(trio: Trio, short_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.mp4"
    path.write_bytes(short_clip.read_bytes()[: short_clip.stat().st_size // 2])
    assert _refused(trio, path)["code"] == "UNSUPPORTED_MEDIA"


def test_wrong_options_name_the_field(trio: Trio, short_clip: Path) -> None:
    assert "threshold" in str(_refused(trio, short_clip, json.dumps({"threshold": 7}))["detail"])
    assert "nobody" in str(_refused(trio, short_clip, json.dumps({"mllm": "nobody"}))["detail"])
    assert "channel model" in str(
        trio.transmit(short_clip, json.dumps({"channel": {"model": "tunnel"}}))["error"]
    )


def test_upload_cut_half_way(trio: Trio, short_clip: Path) -> None:
    address = urlsplit(trio.transmitter)
    before = len(trio._http.get(f"{trio.transmitter}/v1/transmissions").json()["transmissions"])
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as connection:
        connection.sendall(
            b"POST /v1/transmissions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            b"Content-Disposition: form-data; name=file; filename=a.mp4\r\n\r\n"
            + short_clip.read_bytes()[:1000]
        )
    after = trio._http.get(f"{trio.transmitter}/v1/transmissions").json()["transmissions"]
    assert len(after) == before


@pytest.mark.parametrize("port", ["link", "receiver_link"])
def test_garbage_on_the_grpc_ports(trio: Trio, port: str) -> None:
    host, _, number = getattr(trio, port).partition(":")
    with socket.create_connection((host, int(number))) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + np.random.default_rng(0).bytes(4000))


@pytest.mark.parametrize(("width", "height", "frames"), [(1, 1, 3), (35, 21, 12), (64, 48, 1)])
def test_odd_sizes_and_single_frames_are_exact(
    trio: Trio, tmp_path: Path, width: int, height: int, frames: int
) -> None:
    path = tmp_path / "odd.mp4"
    with VideoWriter(path, width, height, Fraction(1, 24)) as writer:
        for index in range(frames):
            writer.append(np.full((height, width, 3), 40 + 10 * index, np.uint8), index)
    _sent_exactly(trio, path, tmp_path)


def test_variable_frame_rate_is_exact(trio: Trio, tmp_path: Path) -> None:
    path = tmp_path / "vfr.mp4"
    stamps = np.cumsum([0, 1, 7, 2, 2, 30, 1, 1, 5, 5, 8, 3])
    with VideoWriter(path, 64, 48, Fraction(1, 90)) as writer:
        for index, stamp in enumerate(stamps):
            writer.append(np.full((48, 64, 3), 20 * index, np.uint8), int(stamp))
    _sent_exactly(trio, path, tmp_path)


def _sent_exactly(trio: Trio, path: Path, folder: Path) -> None:
    sent = trio.transmit(path)
    assert sent["state"] == "SUCCEEDED", sent
    trio.wait_video(str(sent["id"]))
    back = trio.content(str(sent["id"]), folder / "back.mp4")
    source, output = probe(path), probe(back)
    assert (output.width, output.height) == (source.width, source.height)

    def seconds(file: Path) -> list[Fraction]:
        info = probe(file)
        return [frame.pts * info.time_base for frame in read_frames(file, info)]

    assert seconds(back) == seconds(path)


def test_after_all_that_a_transmission_works(trio: Trio, short_clip: Path) -> None:
    assert trio.transmit(short_clip)["state"] == "SUCCEEDED"
