"""Text only, and a first frame with its description, through all three services: upload over REST to MP4."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.local_services import running_services
from semvid.client import ReceiverClient, TransmitterClient
from semvid.errors import SemvidError
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.models.tiny_text_video import checkpoint
from tests.synthetic_clip import clip_frames, write_clip

PROGRAM = Path(__file__).parents[1] / "programs" / "bridge.py"
DRAW = (
    f"command:frame_grid=4 longest_gap_s=0.9 {shlex.quote(sys.executable)} {shlex.quote(str(PROGRAM))} draw "
    "{output} {frames} {width}x{height} {caption}"
)
CHANNEL = {"model": "awgn", "snr_db": 10, "seed": 1}
FRAMES = 48


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "short.mp4"
    write_clip(path, seed=3, frames=FRAMES)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an odd size and a length that is on no grid."""
    path = tmp_path_factory.mktemp("clips") / "small.mp4"
    with VideoWriter(path, 75, 54, Fraction(1, 24)) as writer:
        for index, picture in enumerate(clip_frames(seed=5, frames=22, width=80, height=54)):
            writer.append(np.ascontiguousarray(picture[:, :75]), index)
    return path


class Ends:
    """Both ends of running services."""

    def __init__(self, folder: Path, transmitter: TransmitterClient, receiver: ReceiverClient) -> None:
        self.folder, self.transmitter, self.receiver = folder, transmitter, receiver

    def send(self, clip: Path, **options: Any) -> tuple[dict[str, Any], dict[str, Any], Path]:
        job = self.transmitter.submit(clip, {"channel": CHANNEL, **options})
        sent = self.transmitter.watch(job["id"])
        video = self.receiver.wait(job["id"])
        path = self.folder / f"{job['id']}.mp4"
        self.receiver.fetch(job["id"], path, lambda done, total: None)
        return sent, video, path


@pytest.fixture
def ends(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    decoder = request.param
    if decoder.startswith("tiny:"):
        decoder = f"hf:{checkpoint(decoder.removeprefix('tiny:'))}"
        monkeypatch.setenv("SEMVID_RECEIVER_DECODER_STEPS", "1")
        monkeypatch.setenv("SEMVID_RECEIVER_DECODER_DEVICE", "cpu")
    monkeypatch.setenv("SEMVID_RECEIVER_DECODER", decoder)
    with (
        running_services(tmp_path / "data", tmp_path / "logs") as services,
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        yield Ends(tmp_path, transmitter, receiver)


def check_frames(path: Path, source: Path, frames: int = FRAMES) -> list[np.ndarray]:
    before, after = probe(source), probe(path)
    shown, original = list(read_frames(path, after)), list(read_frames(source, before))
    assert len(shown) == len(original) == frames
    assert [f.pts * after.time_base for f in shown] == [f.pts * before.time_base for f in original]
    assert (after.width, after.height) == (before.width, before.height)
    return [frame.picture for frame in shown]


def check_cover(segments: list[dict[str, Any]]) -> None:
    assert segments[0]["first_frame"] == 0
    assert segments[-1]["last_frame"] == FRAMES - 1
    assert all(b["first_frame"] == a["last_frame"] + 1 for a, b in pairwise(segments))


@pytest.mark.parametrize("ends", [DRAW], indirect=True)
def test_text_only_draws_every_frame_from_captions(ends: Ends, source: Path) -> None:
    sent, video, path = ends.send(source, keyframe_method="text-only", segment_s=0.75)
    assert sent["state"] == "SUCCEEDED", sent
    assert (sent["keyframes"], sent["segments"], sent["complete"]) == (0, 4, True)
    assert sent["symbols"].get("keyframe", 0) == 0
    assert sent["symbols"]["caption"] > 0
    assert sent["cbr"] < 1e-4  # the paper's point for text only
    assert (video["state"], video["decoder"]) == ("SUCCEEDED", "command")
    assert (video["keyframes_received"], video["keyframes_lost"]) == (0, 0)
    assert (video["captions_received"], video["captions_lost"]) == (4, 0)
    assert video["segments"] == {"received": 0, "regenerated": 4, "concealed": 0}
    segments = ends.receiver.segments(video["id"])
    check_cover(segments)
    assert [s["first_frame"] for s in segments] == [0, 18, 28, 46]  # a hard cut at 28
    assert all(s["caption"] for s in segments)
    pictures = check_frames(path, source)
    for segment in segments:
        grey = 60 + sum(segment["caption"].encode()) % 120
        assert pictures[segment["first_frame"]].mean() == pytest.approx(grey, abs=4)
    with pytest.raises(SemvidError, match=r"draws from captions alone.*text-only"):
        ends.send(source)


@pytest.mark.slow  # often: unit/receiver/test_regeneration.py and decoders/command/test_decoder.py
@pytest.mark.parametrize("ends", [f"{DRAW} fails here"], indirect=True)
def test_a_program_that_fails_leaves_concealed_frames_and_its_reason(ends: Ends, source: Path) -> None:
    sent, video, path = ends.send(source, keyframe_method="text-only", segment_s=0.75)
    assert (sent["state"], video["state"]) == ("SUCCEEDED", "SUCCEEDED")
    assert video["segments"] == {"received": 0, "regenerated": 0, "concealed": 4}
    segments = ends.receiver.segments(video["id"])
    check_cover(segments)
    assert all("regeneration failed twice: decoder command" in s["reason"] for s in segments)
    assert {int(picture.mean()) for picture in check_frames(path, source)} <= {127, 128, 129}


@pytest.mark.parametrize("ends", ["embedded"], indirect=True)
def test_first_frame_is_held_by_a_decoder_that_needs_both_ends(ends: Ends, source: Path) -> None:
    sent, video, path = ends.send(source, keyframe_method="first-frame", segment_s=1.0)
    assert sent["state"] == "SUCCEEDED", sent
    assert (sent["keyframes"], sent["segments"], sent["complete"]) == (3, 3, True)
    assert sent["cbr"] < 5.7e-3  # GVSC's point
    assert (video["state"], video["keyframes_received"], video["captions_received"]) == ("SUCCEEDED", 3, 3)
    segments = ends.receiver.segments(video["id"])
    check_cover(segments)
    assert [s["provenance"] for s in segments] == ["received", "regenerated"] * 3
    assert {s["reason"] for s in segments[1::2]} == {"held: the decoder needs both ends"}
    pictures = check_frames(path, source)
    assert np.abs(pictures[3].astype(int) - pictures[0]).mean() < 2
    original = [frame.picture for frame in read_frames(source, probe(source))]
    assert np.abs(pictures[24].astype(int) - original[24]).mean() < 12
    with pytest.raises(SemvidError, match="cannot draw from captions alone"):
        ends.send(source, keyframe_method="text-only")
    assert json.dumps(sent["operating_point"])


@pytest.mark.slow  # often: these pipelines in unit/receiver/decoders/hf/test_drawing.py, the services above
@pytest.mark.tiny_models
@pytest.mark.parametrize(
    ("ends", "methods"),
    [("tiny:ltx_text", ("text-only", "first-frame")), ("tiny:wan_text", ("text-only",))],
    indirect=["ends"],
)
def test_a_text_to_video_pipeline_behind_the_services(
    ends: Ends, methods: tuple[str, ...], small: Path
) -> None:
    for method in methods:
        sent, video, path = ends.send(small, keyframe_method=method, segment_s=0.5)
        assert sent["state"] == "SUCCEEDED", sent
        assert sent["decoder"].startswith("hf:")
        assert video["state"] == "SUCCEEDED", video
        assert video["segments"]["concealed"] == 0
        # the first frame may be all that a segment at the end has
        assert sent["segments"] >= video["segments"]["regenerated"] >= 2
        assert video["keyframes_received"] == (0 if method == "text-only" else sent["keyframes"])
        check_frames(path, small, frames=22)
