"""What the page reads of a live video's playlist and head, by node, as its scripts are."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from receiver.live_video import HEAD, PLAYLIST, LiveVideo
from receiver.whep.audience import Audience
from semvid.video.writer import VideoWriter
from tests.synthetic_clip import clip_frames
from transmitter.page import FOLDER

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs node, which runs JavaScript")
BASE = "http://receiver.example/v1/videos/1/live.m3u8?access=a"


def by_node(expression: str, given: str) -> Any:
    """What ``expression`` makes of ``given``, its standard input in base64."""
    script = f"""
      import {{ playlist, mediaType }} from "{(FOLDER / "playlist.js").as_uri()}";
      import {{ readFileSync }} from "node:fs";
      const given = Buffer.from(readFileSync(0, "utf8"), "base64");
      console.log(JSON.stringify({expression}));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        input=given, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Playlist and segments as the receiver writes them: half a second each, three in the window."""
    folder = tmp_path_factory.mktemp("live")
    rate = Fraction(20)
    sink = LiveVideo(folder / "live", folder / "video.mp4", 0.5, 3, 2**30, Audience())
    with VideoWriter(folder / "video.mp4", 96, 64, 1 / rate, frame_rate=rate, sink=sink) as writer:
        for index, picture in enumerate(clip_frames(seed=1, frames=60, width=96, height=64)):
            writer.append(picture, index)
    return folder / "live"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_playlist_is_read_as_it_is_written(live: Path) -> None:
    written = (live / PLAYLIST).read_bytes()
    read = by_node(f"playlist(given.toString(), {json.dumps(BASE)})", encoded(written))
    assert read == {
        "target": 1,
        "head": f"http://receiver.example/v1/videos/1/{HEAD}",
        "segments": [
            {"number": n, "seconds": 0.5, "url": f"http://receiver.example/v1/videos/1/{n}.m4s"}
            for n in (3, 4, 5)
        ],
        "ended": True,
    }
    growing = written.replace(b"#EXT-X-ENDLIST\n", b"")
    assert by_node(f"playlist(given.toString(), {json.dumps(BASE)}).ended", encoded(growing)) is False


def test_the_media_type_is_that_of_the_head(live: Path) -> None:
    head = (live / HEAD).read_bytes()
    with av.open(io.BytesIO(head + (live / "3.m4s").read_bytes())) as video:
        stated = bytes(video.streams.video[0].codec_context.extradata or b"")[1:4]
    assert by_node("mediaType(given)", encoded(head)) == f'video/mp4; codecs="avc1.{stated.hex()}"'


def test_a_head_of_another_codec_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"not H\.264"):
        by_node("mediaType(given)", encoded(b"\x00\x00\x00\x08hvcC"))
