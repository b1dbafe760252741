from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.reception import ReceivedKeyframe
from receiver.video_files import VideoFiles
from semvid.errors import NotFound
from semvid.images.restorer import Coding
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

CODING = Coding(quantiser=200, size=1.0, layer=0)


def test_a_video_cut_anywhere_plays_up_to_its_last_whole_fragment(tmp_path: Path) -> None:
    files = VideoFiles(tmp_path)
    writer = VideoWriter(files.mp4, 32, 32, Fraction(1, 25))
    for pts in range(120):
        writer.append(np.full((32, 32, 3), pts, np.uint8), pts)
    writer.abort()
    content = files.mp4.read_bytes()
    assert files.playable_bytes <= len(content)
    seen = set()
    for size in (0, 8, 40, len(content) // 2, len(content) - 1, len(content)):
        files.mp4.write_bytes(content[:size])
        playable = files.playable_bytes
        assert playable <= size
        if playable:
            files.mp4.write_bytes(content[:playable])
            info = probe(files.mp4)
            assert len(list(read_frames(files.mp4, info))) == info.frame_count_hint
            seen.add(info.frame_count_hint)
    assert len(seen) > 1
    assert max(seen) == 120
    assert VideoFiles(tmp_path / "missing").playable_bytes == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_have_a_length(tmp_path: Path, content: bytes) -> None:
    files = VideoFiles(tmp_path)
    files.mp4.write_bytes(content)
    assert 0 <= files.playable_bytes <= len(content)


def test_keyframes_are_kept_as_received_and_noted_in_the_order_of_time(tmp_path: Path) -> None:
    files = VideoFiles(tmp_path / "video")
    files.create()
    pictures = np.random.default_rng(1).integers(0, 256, (5, 24, 32, 3), np.uint8)
    for group in ((0,), (4, 2, 1, 3)):  # in coding order
        kept = [
            files.keep_picture(
                ReceivedKeyframe(number, 10 * number, 99, number == 1, pictures[number], CODING)
            )
            for number in group
        ]
        files.note_keyframes(kept)
    assert files.lines("keyframes") == [
        {"number": number, "frame": 10 * number, "bytes": 99, "shot_start": number == 1}
        for number in range(5)
    ]
    assert [line["number"] for line in files.lines("keyframes", 2, 2)] == [2, 3]
    for number in range(5):
        np.testing.assert_array_equal(files.keyframe_picture(number), pictures[number])
    with pytest.raises(NotFound, match="no keyframe 5"):
        files.keyframe_picture(5)
