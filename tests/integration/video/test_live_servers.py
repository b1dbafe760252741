"""What `semvid send --live` opens, opened for real: every frame comes through, once and in order."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import av
import numpy as np
import pytest

from semvid.errors import LinkFailed, MissingComponent
from semvid.video.limits import VideoLimits
from semvid.video.live_reader import read_live
from semvid.video.live_source import open_source
from semvid.video.probe import probe
from tests.integration.video.live_servers import (
    HEIGHT,
    RATE,
    WIDTH,
    http_server,
    level,
    rtsp_server,
    sender,
)
from tests.ports import free_port

TAKEN_S = 2.0

Server = Callable[[], AbstractContextManager[str]]


def udp() -> AbstractContextManager[str]:
    return sender(f"udp://127.0.0.1:{free_port()}?pkt_size=1316")


def tcp() -> AbstractContextManager[str]:
    return sender(f"tcp://127.0.0.1:{free_port()}?listen=1")


def rtp() -> AbstractContextManager[str]:
    return sender(f"rtp://127.0.0.1:{free_port()}", "rtp_mpegts")


def taken(address: str) -> tuple[bytes, bytes, float]:
    """Two seconds of a source: head, rest, and the seconds until it was open."""
    began = time.monotonic()
    deadline = began + 20
    while True:
        try:
            with open_source(address.partition("?")[0]) as source:
                opened_s = time.monotonic() - began
                head = source.head(1.0)
                stop = time.monotonic() + TAKEN_S
                return head, b"".join(source.rest(lambda stop=stop: time.monotonic() > stop)), opened_s
        except LinkFailed:  # it does not listen yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize("server", [http_server, rtsp_server, tcp, udp, rtp])
def test_what_a_server_sends_is_handed_on_whole_and_in_order(server: Server, tmp_path: Path) -> None:
    with server() as address:
        head, rest, opened_s = taken(address)
    assert opened_s < 10
    path = tmp_path / "head.mkv"
    path.write_bytes(head)
    info = probe(path)
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    assert info.frame_rate == pytest.approx(RATE, rel=0.1)
    pictures = [one for _, one in read_live(io.BytesIO(head + rest), info, VideoLimits()) if one is not None]
    assert len(pictures) >= 2 * RATE  # of three seconds, on a machine that others keep busy
    seen = np.array([picture.mean() for picture in pictures])
    first = int(np.argmin([abs(level(n) - seen[0]) for n in range(50)]))
    expected = np.array([level(first + n) for n in range(len(seen))])
    assert np.abs(seen - expected).max() < 2  # every one, once


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtsps", "rtmp", "tcp"])
def test_where_nobody_answers_it_is_said_without_the_password(scheme: str) -> None:
    where = f"127.0.0.1:{free_port()}/camera"
    with pytest.raises(LinkFailed) as refused, open_source(f"{scheme}://user:secret@{where}"):
        pass
    assert f"{scheme}://{where} cannot be opened: Connection refused" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_what_a_server_does_not_have_is_said() -> None:
    with http_server() as address, pytest.raises(LinkFailed, match="404"), open_source(address + "x"):
        pass


def test_srt_is_passed_on_by_another_ffmpeg() -> None:
    """PyAV's wheels have no SRT; where a build has it, nobody answers at this address."""
    try:
        av.open("srt://127.0.0.1:1?timeout=1", timeout=2)
    except av.error.ProtocolNotFoundError:
        with (
            pytest.raises(
                MissingComponent, match=r"has no srt; .*ffmpeg -i ADDRESS .* semvid send --live -$"
            ),
            open_source("srt://cam.lan:9000?passphrase=secret"),
        ):
            pass
    except av.FFmpegError:
        with pytest.raises(LinkFailed), open_source("srt://127.0.0.1:1?timeout=1"):
            pass
    else:
        pytest.fail("something speaks SRT at port 1")


def test_a_stream_that_breaks_off_is_over_and_what_came_is_whole(tmp_path: Path) -> None:
    with ExitStack() as reading:
        with rtsp_server() as address:
            source = reading.enter_context(open_source(address))
            head, rest, pieces = source.head(0.5), source.rest(), []
            began = time.monotonic()
            while time.monotonic() < began + 1:
                pieces.append(next(rest))
        pieces += rest  # the camera is switched off
        assert source.ended
    path = tmp_path / "head.mkv"
    path.write_bytes(head)
    frames = list(read_live(io.BytesIO(head + b"".join(pieces)), probe(path), VideoLimits()))
    assert len(frames) >= RATE
    assert all(picture is not None for _, picture in frames)
