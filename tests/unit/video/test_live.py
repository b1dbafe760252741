"""A live source becomes a Matroska stream, and that becomes frames on a grid, while it comes."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from semvid.errors import InvalidInput, LimitExceeded, LinkFailed, UnsupportedMedia
from semvid.video.limits import VideoLimits
from semvid.video.live_decoding import LiveDecoder
from semvid.video.live_reader import live_info, read_live
from semvid.video.live_source import open_source
from semvid.video.probe import SourceInfo, probe

FRAMES, RATE = 120, 20


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of MPEG-TS with B-frames, whose clock trembles and does not begin at 0."""
    path = tmp_path_factory.mktemp("live") / "clip.ts"
    tremble = np.random.default_rng(3).integers(-400, 400, FRAMES)
    with av.open(str(path), "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"g": "10", "bf": "2", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90_000)
        for index in range(FRAMES):
            picture = np.full((64, 96, 3), 2 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = 900_000 + index * 4500 + (int(tremble[index]) if index else 0)
            frame.time_base = Fraction(1, 90_000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def handed_on(path: Path, head_s: float = 0.5, **how: object) -> tuple[bytes, bytes]:
    with open_source(str(path), **how) as source:  # type: ignore[arg-type]
        return source.head(head_s), b"".join(source.rest())


def seen(head: bytes, folder: Path) -> SourceInfo:
    path = folder / "head.mkv"
    path.write_bytes(head)
    return probe(path)


def test_a_source_is_handed_on_whole_and_its_frames_sit_on_a_grid(clip: Path, tmp_path: Path) -> None:
    head, rest = handed_on(clip, idle_s=0.05)
    info = seen(head, tmp_path)
    assert 0 < info.frame_count_hint < FRAMES
    frames = list(read_live(io.BytesIO(head + rest), replace(info, frame_rate=Fraction(RATE)), VideoLimits()))
    assert [tick for tick, _ in frames] == list(range(FRAMES))  # however the clock trembles
    levels = [float(picture.mean()) for _, picture in frames if picture is not None]
    assert np.abs(np.array(levels) - 2 * np.arange(FRAMES)).max() < 4
    live = live_info(info)
    assert live.endless
    assert live.time_base == 1 / live.frame_rate


def test_a_file_that_grows_is_followed_until_it_does_no_more(clip: Path, tmp_path: Path) -> None:
    data, growing = clip.read_bytes(), tmp_path / "growing.ts"
    growing.write_bytes(data[: len(data) // 2])

    def grow() -> None:
        time.sleep(0.3)
        with growing.open("ab") as file:
            file.write(data[len(data) // 2 :])

    writer = threading.Thread(target=grow)
    writer.start()
    head, rest = handed_on(growing, idle_s=0.8)
    writer.join()
    with av.open(io.BytesIO(head + rest)) as stream:
        assert sum(1 for _ in stream.decode(video=0)) == FRAMES


def test_a_file_can_be_played_at_its_pace_and_stopped(clip: Path) -> None:
    began = time.monotonic()
    with open_source(str(clip), pace=True) as source:
        head = source.head(0.5)
        took = time.monotonic() - began
        rest = b"".join(source.rest(lambda: True))
    assert took >= 0.5
    with av.open(io.BytesIO(head + rest)) as stream:
        assert 10 <= sum(1 for _ in stream.decode(video=0)) < FRAMES


@pytest.mark.parametrize(
    ("address", "error", "says"),
    [
        ("gopher://host/x", InvalidInput, "take one of rtsp"),
        ("/no/such/file", InvalidInput, "give a file, a camera or a URL"),
        ("http://127.0.0.1:9/stream", LinkFailed, "cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_said(address: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says), open_source(address):
        pass


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(LinkFailed) as caught, open_source("http://me:secret@127.0.0.1:9/stream"):
        pass
    assert "secret" not in str(caught.value)


def test_frames_larger_than_allowed_and_other_containers_are_refused(clip: Path, tmp_path: Path) -> None:
    head, rest = handed_on(clip, idle_s=0.05)
    info = seen(head, tmp_path)
    with pytest.raises(LimitExceeded, match="scale it down"):
        list(read_live(io.BytesIO(head + rest), info, VideoLimits(max_side=64)))
    with pytest.raises(UnsupportedMedia, match="no Matroska"):
        list(read_live(io.BytesIO(clip.read_bytes()), info, VideoLimits()))


@pytest.fixture
def decoder(clip: Path, tmp_path: Path) -> Iterator[LiveDecoder]:
    head, rest = handed_on(clip, idle_s=0.05)
    decoder = LiveDecoder(tmp_path / "head.mkv", seen(head, tmp_path), VideoLimits(), 2**31)
    decoder.feed(rest)
    yield decoder
    decoder.close()


def test_a_process_of_its_own_decodes_it_and_may_die(decoder: LiveDecoder) -> None:
    frames = decoder.frames()
    first = [next(frames) for _ in range(10)]
    assert [tick for tick, _ in first] == list(range(10))
    assert first[9][1] is not None
    assert abs(float(first[9][1].mean()) - 18) < 4
    decoder._process.kill()
    with pytest.raises(UnsupportedMedia, match=r"crashed \(SIGKILL\)"):
        list(frames)
