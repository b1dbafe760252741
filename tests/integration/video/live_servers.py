"""Servers and senders of live video on loopback: what `semvid send --live` opens, at the pace of a camera.

Every one sends the same picture code: frame n is a flat grey of level 40 + 4 (n mod 50).
"""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder

RATE = 25
WIDTH, HEIGHT = 160, 96


def level(index: int) -> int:
    return 40 + 4 * (index % 50)


def film(target: Any, over: threading.Event, form: str = "mpegts", **options: str) -> None:
    """Records into what FFmpeg or a file opens, until ``over`` or nobody reads."""
    opened = av.open(target, "w", format=form, options={"flush_packets": "1", **options})
    with contextlib.suppress(av.FFmpegError, OSError), opened as out:
        stream = out.add_stream("libx264", rate=RATE, options=_CODING)
        _set_up(stream)
        for frame in frames(over):
            out.mux(stream.encode(frame))


def frames(over: threading.Event) -> Iterator[av.VideoFrame]:
    began, index = time.monotonic(), 0
    while not over.is_set():
        picture = np.full((HEIGHT, WIDTH, 3), level(index), np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, RATE)
        yield frame
        index += 1
        time.sleep(max(0.0, began + index / RATE - time.monotonic()))


_CODING = {"g": str(RATE // 2), "tune": "zerolatency", "preset": "ultrafast"}


def _set_up(stream: Any) -> None:
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context = getattr(stream, "codec_context", stream)
    context.time_base = Fraction(1, RATE)


@contextmanager
def sender(address: str, form: str = "mpegts", **options: str) -> Iterator[str]:
    """Sends to ``address``, or listens there where its options say so; gives it.

    A process of its own: PyAV holds the interpreter's lock while an output waits for whoever connects.
    """
    told = [address, form, *(f"{name}={value}" for name, value in options.items())]
    with subprocess.Popen([sys.executable, "-m", __name__, *told]) as process:
        try:
            yield address
        finally:
            process.kill()


@contextmanager
def http_server() -> Iterator[str]:
    """A recording over HTTP that grows while it is read, of no stated length."""
    over = threading.Event()

    class Recording(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/live.ts":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            film(self.wfile, over)

        def log_message(self, *_: object) -> None:
            pass

    with _served(Recording, over) as port:
        yield f"http://127.0.0.1:{port}/live.ts"


@contextmanager
def rtsp_server() -> Iterator[str]:
    """RTSP 1.0 (RFC 2326) with H.264 in RTP (RFC 6184), over the same TCP connection (10.12)."""
    over = threading.Event()

    class Camera(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while request := self._request():
                method, headers = request
                if method == "PLAY":
                    self._answer(headers, "Session: 1", "Range: npt=0-")
                    self._play()
                    return
                if method == "DESCRIBE":
                    self._answer(headers, "Content-Type: application/sdp", body=_SDP)
                elif method == "SETUP" and "RTP/AVP/TCP" not in headers.get("transport", ""):
                    self._answer(headers, status="461 Unsupported Transport")
                elif method == "SETUP":
                    self._answer(headers, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1")
                else:
                    self._answer(headers, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")

        def _request(self) -> tuple[str, dict[str, str]] | None:
            lines = []
            while line := self.rfile.readline().decode().strip():
                lines.append(line)
            if not lines:
                return None
            pairs = (line.partition(":") for line in lines[1:])
            return lines[0].split()[0], {name.lower(): value.strip() for name, _, value in pairs}

        def _answer(self, asked: dict[str, str], *lines: str, status: str = "200 OK", body: str = "") -> None:
            head = [f"RTSP/1.0 {status}", f"CSeq: {asked['cseq']}", *lines, f"Content-Length: {len(body)}"]
            self.wfile.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())

        def _play(self) -> None:
            context = av.CodecContext.create("libx264", "w")
            _set_up(context)
            context.options = _CODING
            sequence, packetiser = 0, H264Encoder()
            with contextlib.suppress(OSError):
                for frame in frames(over):
                    for packet in context.encode(frame):
                        packet.time_base = Fraction(1, RATE)
                        payloads, stamp = packetiser.pack(packet)
                        for payload in payloads:
                            sequence += 1
                            last = payload is payloads[-1]
                            header = struct.pack(">BBHII", 0x80, 96 | last << 7, sequence, stamp, 7)
                            rtp = header + payload
                            self.wfile.write(struct.pack(">cBH", b"$", 0, len(rtp)) + rtp)

    with _served(Camera, over) as port:
        yield f"rtsp://user:secret@127.0.0.1:{port}/camera"


_SDP = "\r\n".join(
    (
        *("v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=range:npt=0-"),
        *(
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H264/90000",
            "a=fmtp:96 packetization-mode=1",
            "a=control:track",
        ),
        "",
    )
)


@contextmanager
def _served(handler: type[socketserver.BaseRequestHandler], over: threading.Event) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            over.set()
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    film(sys.argv[1], threading.Event(), sys.argv[2], **dict(one.split("=") for one in sys.argv[3:]))
