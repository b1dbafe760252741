"""A video goes as the laboratory's rivals do, at its own size, and comes out frame by frame."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.baseline import videos
from evaluation.baseline.__main__ import app
from semvid.errors import LimitExceeded
from semvid.video.probe import probe
from semvid.video.writer import VideoWriter


@pytest.fixture
def clip(tmp_path, picture):
    path = tmp_path / "pan.mp4"
    with VideoWriter(path, 96, 64, Fraction(1, 12)) as writer:
        for number in range(12):
            writer.append(np.ascontiguousarray(picture[:64, number : number + 96]), number)
    return path


def test_a_video_crosses_and_has_all_its_frames(clip, tmp_path):
    out = tmp_path / "out"
    arguments = [str(clip), "--code", "h264", "--target-cbr", "0.01", "--out", str(out), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)
    assert sum(one["symbols"].values()) == round(one["cbr"] * 3 * 12 * 96 * 64) <= 0.01 * 3 * 12 * 96 * 64
    assert one["psnr_db"] > 20
    shown = probe(out / one["reconstruction"])
    assert (shown.width, shown.height, shown.frame_count_hint, shown.frame_rate) == (96, 64, 12, 12)


def test_more_frames_than_memory_should_hold_are_refused(clip, monkeypatch):
    monkeypatch.setattr(videos, "MAX_BYTES", 11 * 3 * 96 * 64)
    with pytest.raises(LimitExceeded, match=r"more than 11 frames of 96x64; .* cut it"):
        videos.read_clip(clip)
