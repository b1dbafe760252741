"""Large models at a tiny size through the whole system, from an upload over REST to an MP4."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter
from tests.e2e.conftest import Trio, running
from tests.models.tiny_mllm import build
from tests.synthetic_clip import clip_frames

pytestmark = pytest.mark.tiny_models
FRAMES = 12


Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """``checkpoint(family)``: the folder of its checkpoint."""
    root = tmp_path_factory.mktemp("checkpoints")

    def folder(family: str) -> Path:
        path = root / family
        return path if path.exists() else build(family, path)

    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "mini.mp4"
    with VideoWriter(path, 64, 48, Fraction(1, 24)) as writer:
        for index, picture in enumerate(clip_frames(seed=2, frames=FRAMES, width=64, height=48)):
            writer.append(picture, index)
    return path


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    folder = tmp_path_factory.mktemp("trio")
    with running(
        folder,
        HF_HUB_OFFLINE="1",
        SEMVID_TRANSMITTER_MLLM_ALLOWED="*",
        SEMVID_TRANSMITTER_MLLM_DEVICE="cpu",
        SEMVID_TRANSMITTER_MLLM_IMAGE_TOKENS="8",
        SEMVID_TRANSMITTER_MLLM_DESCRIPTION_TOKENS="3",
        SEMVID_TRANSMITTER_MLLM_CAPTION_TOKENS="3",
    ) as trio:
        yield trio


@pytest.mark.parametrize(
    ("family", "scoring", "search"),
    [
        ("internvl", None, None),
        ("qwen3_vl", "described-once", "exhaustive"),
        # asked all that these are asked in tests/unit/mllm/hf/test_model.py
        pytest.param("qwen2_5_vl", "described", "gallop", marks=pytest.mark.slow),
        pytest.param("smolvlm", "direct", "exhaustive", marks=pytest.mark.slow),
        pytest.param("gemma3", "direct", "gallop", marks=pytest.mark.slow),
    ],
)
def test_every_family_from_upload_to_mp4(
    trio: Trio,
    clip: Path,
    checkpoint: Checkpoint,
    tmp_path: Path,
    family: str,
    scoring: str | None,
    search: str | None,
) -> None:
    chosen = {"mllm": f"hf:{checkpoint(family)}", "scoring": scoring, "search": search}
    options = {**{k: v for k, v in chosen.items() if v}, "channel": {"snr_db": 15}, "coding_time": 0.1}
    sent = trio.transmit(clip, json.dumps(options))
    assert sent["state"] == "SUCCEEDED", sent["error"]
    video = trio.wait_video(str(sent["id"]))
    assert video["state"] == "SUCCEEDED", video
    back = trio.content(str(sent["id"]), tmp_path / "back.mp4")
    assert sum(1 for _ in read_frames(back, probe(back))) == FRAMES
    asked = sent["asked"]
    assert isinstance(asked, dict)
    assert (asked["scoring"], asked["search"]) == (scoring or "direct", search or "gallop")
    assert asked["questions"] >= 1
    assert asked["captions"] >= 1
    assert 0.0 < asked["mean_mass"] < 0.5
    assert any("yes or no" in warning for warning in asked["warnings"])
    semantics = httpx.get(f"{trio.transmitter}/v1/transmissions/{sent['id']}/semantics").json()
    assert semantics["asked"] == asked
    assert len(semantics["candidates"]) == asked["questions"]
    assert all(0.0 < one["p_yes"] < 0.5 and 0.0 < one["p_no"] < 0.5 for one in semantics["candidates"])


def test_what_cannot_work_is_refused_at_the_door(trio: Trio, clip: Path, checkpoint: Checkpoint) -> None:
    for options, words in (
        ({"mllm": f"hf:{checkpoint('text_only')}"}, "takes no pictures"),
        ({"mllm": "hf:/nowhere/at/all"}, "no such folder"),
        ({"mllm": "hf:nobody/nothing"}, "hf download nobody/nothing"),
        ({"mllm": "openai:no-url#model"}, "openai:http://"),
        ({"mllm": "embedded", "scoring": "direct"}, "asks nobody"),
    ):
        answer = trio.submit(clip, json.dumps(options))
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in answer.json()["detail"]


def test_what_shows_only_when_it_is_loaded_fails_the_job_and_not_the_service(
    trio: Trio, clip: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    damaged = shutil.copytree(checkpoint("internvl"), tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"no weights")
    failed = trio.transmit(clip, json.dumps({"mllm": f"hf:{damaged}"}))
    assert failed["state"] == "FAILED"
    assert "transformers cannot load it" in str(failed["error"])
    assert trio.transmit(clip)["state"] == "SUCCEEDED"
