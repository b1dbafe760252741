"""A window of HLS that slides, and an MP4 that does not outgrow its bound."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from starlette.exceptions import HTTPException

from receiver.live_content import playlist_response, segment_response
from receiver.live_video import LiveVideo
from receiver.record import State, VideoRecord
from receiver.video_files import VideoFiles
from receiver.whep.audience import Audience
from semvid.errors import NotFound
from semvid.video.writer import VideoWriter

RATE = Fraction(20)
WINDOW = 3


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    ground = rng.integers(0, 256, (64, 96, 3), np.uint8)
    return [np.roll(ground, 3 * index, axis=1) for index in range(count)]


def make(folder: Path, stamps: list[int], most_bytes: int = 2**30) -> tuple[LiveVideo, list[str]]:
    """Writes frames at ``stamps``; gives the playlist as it was after each."""
    live = LiveVideo(folder / "live", folder / "video.mp4", 0.5, WINDOW, most_bytes, Audience())
    told = []
    with VideoWriter(folder / "video.mp4", 96, 64, 1 / RATE, frame_rate=RATE, sink=live) as writer:
        for picture, stamp in zip(pictures(len(stamps)), stamps, strict=True):
            writer.append(picture, stamp)
            path = folder / "live" / "live.m3u8"
            told.append(path.read_text() if path.exists() else "")
    return live, told


def played(path: Path) -> list[Fraction]:
    with av.open(str(path)) as video:
        return [frame.pts * frame.time_base for frame in video.decode(video=0)]


def test_segments_appear_while_the_video_is_made_and_leave_behind_the_window(tmp_path: Path) -> None:
    _, told = make(tmp_path, list(range(100)))  # five seconds: ten segments
    appeared = next(index for index, text in enumerate(told) if text)
    assert appeared <= 12  # the first lasts ten frames, and one or two are on their way
    assert "#EXT-X-ENDLIST" not in told[-1]
    assert {int(re.search(r"TARGETDURATION:(\d+)", text)[1]) for text in told if text} == {1}  # type: ignore[index]
    playlist = tmp_path / "live" / "live.m3u8"
    text = playlist.read_text()
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert "#EXT-X-MEDIA-SEQUENCE:7\n" in text
    assert re.findall(r"#EXTINF:([\d.]+),\n(\d+)\.m4s", text) == [("0.500000", str(n)) for n in (7, 8, 9)]
    kept = sorted(int(path.stem) for path in (tmp_path / "live").glob("*.m4s"))
    assert kept == [4, 5, 6, 7, 8, 9]  # what a player may still ask for
    assert played(playlist) == [index / RATE for index in range(70, 100)]
    assert played(tmp_path / "video.mp4") == [index / RATE for index in range(100)]


def test_frames_that_are_missing_make_segments_longer_and_the_playlist_says_so(tmp_path: Path) -> None:
    stamps = [*range(10), *range(60, 80)]  # 2.5 s are missing
    make(tmp_path, stamps)
    text = (tmp_path / "live" / "live.m3u8").read_text()
    durations = [float(one) for one in re.findall(r"#EXTINF:([\d.]+)", text)]
    assert durations == [3.0, 0.5, 0.5]
    assert "#EXT-X-TARGETDURATION:3\n" in text
    assert played(tmp_path / "live" / "live.m3u8") == [stamp / RATE for stamp in stamps]


def test_a_full_mp4_keeps_its_beginning_and_plays(tmp_path: Path) -> None:
    live, _ = make(tmp_path, list(range(100)), most_bytes=30_000)
    frames = played(tmp_path / "video.mp4")
    assert live.mp4_frames == len(frames)
    assert 10 <= len(frames) < 100
    assert len(frames) % 10 == 0  # whole fragments
    assert (tmp_path / "video.mp4").stat().st_size < 32_000
    assert "9.m4s" in (tmp_path / "live" / "live.m3u8").read_text()


def test_the_playlist_over_http(tmp_path: Path) -> None:
    files, record = VideoFiles(tmp_path), VideoRecord("abc")
    with pytest.raises(NotFound, match="not sent live"):
        playlist_response(files, record, None)
    record.live = True
    with pytest.raises(HTTPException, match="can be shown yet"):
        playlist_response(files, record, None)
    make(tmp_path, list(range(30)))
    text = bytes(playlist_response(files, record, "1.a b\n#").body).decode()
    assert 'URI="live/init.mp4?access=1.a%20b%0A%23"' in text
    assert "\nlive/2.m4s?access=1.a%20b%0A%23\n" in text
    cut_short = (tmp_path / "live" / "live.m3u8").read_text().removesuffix("#EXT-X-ENDLIST\n")
    (tmp_path / "live" / "live.m3u8").write_text(cut_short)  # as a kill leaves it
    assert "ENDLIST" not in bytes(playlist_response(files, record, None).body).decode()
    record.state = State.TRUNCATED
    assert (
        bytes(playlist_response(files, record, None).body).decode().endswith("live/2.m4s\n#EXT-X-ENDLIST\n")
    )
    assert segment_response(files, "2.m4s").status_code == 200
    for name in ("../record.json", "live.m3u8", "99.m4s"):
        with pytest.raises(NotFound, match="or it is past"):
            segment_response(files, name)


def test_lists_about_a_live_video_keep_their_newer_half(tmp_path: Path) -> None:
    files = VideoFiles(tmp_path, most_bytes=4096)
    for number in range(1000):
        files.note_keyframes([{"number": number}])
    lines = files.lines("keyframes")
    assert (tmp_path / "keyframes.jsonl").stat().st_size <= 4096 + 20
    assert [line["number"] for line in lines] == list(range(1000 - len(lines), 1000))
    assert len(lines) > 100
