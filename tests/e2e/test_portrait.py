"""A face through three real processes, found by MediaPipe's models and animated from one portrait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from semvid.faces.shape import placement_of
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.e2e.conftest import Trio, running
from tests.synthetic_clip import write_clip
from tests.talking_face import points_of, write_talking_clip

FRAMES = 50
PORTRAIT = '{"coding": "portrait", "coding_time": 0.1, "channel": {"model": "awgn", "snr_db": 10, "seed": 3}}'


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, face_models: Path) -> Iterator[Trio]:
    with running(tmp_path_factory.mktemp("trio"), XDG_CACHE_HOME=str(face_models.parents[1])) as trio:
        yield trio


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, face_models: Path) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_talking_clip(path, FRAMES)
    return path


def pictures_of(path: Path) -> list[Picture]:
    return [frame.picture for frame in read_frames(path, probe(path))]


def test_one_picture_crosses_and_the_face_moves_as_it_did(trio: Trio, clip: Path, tmp_path: Path) -> None:
    sent: dict[str, Any] = trio.transmit(clip, PORTRAIT)
    assert sent["state"] == "SUCCEEDED", sent
    assert sent["keyframes"] == 1
    assert 0 < sent["bits"]["face"] < 0.2 * sent["bits"]["keyframe"]
    assert sum(sent["symbols"].values()) == sent["total_symbols"]
    video: dict[str, Any] = trio.wait_video(str(sent["id"]))
    assert (video["state"], video["coding"]) == ("SUCCEEDED", "portrait")
    assert video["symbols_received"] == sent["total_symbols"]
    runs = httpx.get(f"{trio.receiver}/v1/videos/{sent['id']}/segments").json()
    assert [(run["provenance"], run["first_frame"], run["reason"]) for run in runs] == [
        ("received", 0, ""),
        ("regenerated", 1, "animated from a portrait"),
    ]
    shown = pictures_of(trio.content(str(sent["id"]), tmp_path / "out.mp4"))
    true = pictures_of(clip)
    assert len(shown) == FRAMES
    size, still = placement_of(points_of(true[0])).size, points_of(shown[0])
    places = [(points_of(true[frame]), points_of(shown[frame])) for frame in range(4, FRAMES, 6)]
    off = np.mean([np.linalg.norm(a - b, axis=1).mean() for a, b in places]) / size
    frozen = np.mean([np.linalg.norm(a - still, axis=1).mean() for a, _ in places]) / size
    assert off < 0.5 * frozen


def test_a_video_without_a_face_is_refused_at_the_door(trio: Trio, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seed=3, frames=20)
    answer = trio.submit(tmp_path / "clip.mp4", PORTRAIT)
    assert answer.status_code == 422
    assert "portrait animates a face" in answer.json()["detail"]
