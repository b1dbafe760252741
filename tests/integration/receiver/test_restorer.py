"""The receiver as a process that restores keyframes, or without the restorer that was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from semvid.images.onnx_model import digest_of
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.models.tiny_restorer import tiny_restorer


def test_a_restorer_that_is_not_there_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    wanted = {
        "SEMVID_RECEIVER_RESTORER": str(tmp_path / "none.onnx"),
        "SEMVID_RECEIVER_DATA_DIR": str(tmp_path / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "receiver"],
        env={**os.environ, **wanted},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"semvid receiver: restorer: there is no model {tmp_path / 'none.onnx'}")
    assert "semvid train restorer" in line


@pytest.mark.parametrize("restoration", [0, 7])
def test_the_video_is_restored_where_the_sender_asks_and_keyframes_are_shown_as_received(
    start_receiver: Any, clip: Any, tmp_path: Path, restoration: int
) -> None:
    model = tiny_restorer()
    (tmp_path / "grain.onnx").write_bytes(model)
    receiver = start_receiver(restorer=str(tmp_path / "grain.onnx"))
    call = receiver.open()
    assert call.accepted.profile.restorer == digest_of(model)
    header = clip.burst(0, [replace(clip.stream_header, restoration=restoration)])
    call.send_all([clip.bursts[0], header, *clip.keyframes, clip.end])
    call.finish()
    video = receiver.final(call.id)
    assert (video["state"], video["restorer"]) == ("SUCCEEDED", "grain.onnx" if restoration else "")
    (tmp_path / "video.mp4").write_bytes(receiver.http.get(f"/v1/videos/{call.id}/content").content)
    first = next(read_frames(tmp_path / "video.mp4", probe(tmp_path / "video.mp4"))).picture
    png = receiver.http.get(f"/v1/videos/{call.id}/keyframes/0").content
    received = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    rougher = roughness(first) > 2 * roughness(np.asarray(received, np.uint8))
    assert rougher == (restoration > 0)


def roughness(picture: Picture) -> float:
    """Mean difference from a blurred copy, levels."""
    return float(np.abs(picture.astype(float) - cv2.GaussianBlur(picture, (0, 0), 1.5)).mean())
