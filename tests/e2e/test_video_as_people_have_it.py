"""Captures, recordings and damaged files through all three services: right in time and number, or refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.e2e.conftest import Trio
from tests.hand_made_streams import h264_fields, packed_b_frames, write_packets
from tests.synthetic_clip import clip_frames

MS = Fraction(1, 1000)


def late_pauses_and_a_hold(folder: Path) -> tuple[Path, list[float], float]:
    """A piece of a fragmented file: it begins after two hours, pauses, and ends on a picture that stays."""
    stamps = [40 * n + (2500 if n > 12 else 0) for n in range(20)]
    writer = VideoWriter(folder / "late.mp4", 64, 48, MS)
    for stamp, picture in zip(stamps, clip_frames(seed=5, frames=20, width=64, height=48), strict=True):
        writer.append(picture, 7_200_000 + stamp)
    writer.hold_last(1700)
    writer.abort()
    return writer.path, [stamp / 1000 for stamp in stamps], (stamps[-1] + 1700) / 1000


def fields(folder: Path) -> tuple[Path, list[float], float]:
    stamps = [8_100_000 + 1800 * n for n in range(40)]
    path = write_packets(folder / "fields.ts", "h264", h264_fields(20), stamps, Fraction(1, 90_000), 50)
    return path, [n / 25 for n in range(20)], 0.8


def packed(folder: Path) -> tuple[Path, list[float], float]:
    return packed_b_frames(folder / "packed.avi", 24, 2, 24), [n / 24 for n in range(24)], 1.0


@pytest.mark.parametrize("source", [late_pauses_and_a_hold, fields, packed])
def test_time_and_number_are_the_sources(trio: Trio, tmp_path: Path, source) -> None:
    path, times, duration_s = source(tmp_path)
    sent = trio.transmit(path)
    assert sent["state"] == "SUCCEEDED", sent
    said = dict(sent["source"])  # type: ignore[call-overload]
    assert (sent["frames"], sent["undecodable_frames"], said["frames"]) == (len(times), 0, len(times))
    assert said["duration_s"] == pytest.approx(duration_s)
    assert said["first_stamp_s"] == pytest.approx({"late.mp4": 7200, "fields.ts": 90}.get(path.name, 0))
    trio.wait_video(str(sent["id"]))
    back = trio.content(str(sent["id"]), tmp_path / "back.mp4")
    info = probe(back)
    assert info.first_pts == 0
    assert info.duration_s == pytest.approx(duration_s, abs=1e-4)
    assert [float(frame.pts * info.time_base) for frame in read_frames(back, info)] == pytest.approx(times)


def test_frames_that_do_not_decode_are_counted_and_their_time_is_kept(trio: Trio, tmp_path: Path) -> None:
    path = tmp_path / "damaged.mkv"
    rng = np.random.default_rng(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        packets = [
            packet
            for _ in range(30)
            for packet in stream.encode(
                av.VideoFrame.from_ndarray(rng.integers(0, 255, (48, 64, 3), np.uint8))
            )
        ]
        payloads = [bytes(packet) for packet in packets]
        container.mux(packets)
    data = path.read_bytes()
    for payload in (*payloads[9:13], *payloads[27:]):
        data = data.replace(payload, b"\xff" * len(payload))
    path.write_bytes(data)
    sent = trio.transmit(path)
    assert sent["state"] == "SUCCEEDED", sent
    assert (sent["frames"], sent["undecodable_frames"]) == (23, 7)
    trio.wait_video(str(sent["id"]))
    info = probe(trio.content(str(sent["id"]), tmp_path / "back.mp4"))
    assert (info.frame_count_hint, info.duration_s) == (23, pytest.approx(1.2))


def test_what_a_look_shows_is_refused_at_once(trio: Trio, tmp_path: Path) -> None:
    path = tmp_path / "grows.ts"
    with path.open("wb") as file:
        for first, last, width in ((0, 90, 64), (90, 100, 96)):
            part = tmp_path / f"{width}.ts"
            with av.open(str(part), "w") as container:
                stream = container.add_stream("libx264", rate=25, options={"g": "10", "bf": "0"})
                stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
                for number in range(first, last):
                    frame = av.VideoFrame.from_ndarray(np.full((48, width, 3), number, np.uint8))
                    frame.pts, frame.time_base = number, Fraction(1, 25)
                    container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
            file.write(part.read_bytes())
    answer = trio.submit(path)
    assert answer.status_code == 415
    assert "from 64x48 to 96x48" in answer.json()["detail"]
    trio.assert_serving()
