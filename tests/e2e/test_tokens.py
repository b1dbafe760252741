"""Keyframes as tokens through three real processes, with a token model of the real classes at a tiny size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from tests.e2e.conftest import Trio, running
from tests.models.tiny_tokens import checkpoint
from tests.synthetic_clip import write_clip

pytestmark = pytest.mark.tiny_models
FRAMES = 36
FADING = '{"model": "rayleigh", "snr_db": 9, "coherence_symbols": 128, "seed": 5}'


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, 3, FRAMES, width=288, height=160)
    return path


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    name = f"hf:{checkpoint()}"
    with running(
        tmp_path_factory.mktemp("trio"),
        HF_HUB_OFFLINE="1",
        SEMVID_TRANSMITTER_TOKEN_MODEL=name,
        SEMVID_RECEIVER_TOKEN_MODEL=name,
    ) as trio:
        yield trio


def test_tokens_cross_a_channel_that_fades_and_nothing_is_sent_again(
    trio: Trio, clip: Path, tmp_path: Path
) -> None:
    sent: dict[str, Any] = trio.transmit(clip, f'{{"coding": "tokens", "channel": {FADING}}}')
    assert sent["state"] == "SUCCEEDED", sent
    tokens, bits = sent["tokens"], sent["bits"]
    assert tokens["lost"] > 0
    assert tokens["left_out"] == 0
    assert (tokens["sent"], tokens["keyframes"]) == (60 * sent["keyframes"], sent["keyframes"])
    assert (
        6 * tokens["sent"] < bits["keyframe"] < 10 * tokens["sent"]
    )  # six bits each, and four bytes a packet
    assert sent["operating_point"] is None
    assert sum(sent["symbols"].values()) == sent["total_symbols"]
    video: dict[str, Any] = trio.wait_video(str(sent["id"]))
    assert video["state"] == "SUCCEEDED"
    assert video["symbols_received"] == sent["total_symbols"]
    received = video["tokens"]["received"]
    assert video["tokens"]["drawn"] == 60 * video["keyframes_received"] - received
    assert (
        received >= tokens["sent"] - tokens["lost"]
    )  # what a report that was lost spoke of is there as well
    runs = httpx.get(f"{trio.receiver}/v1/videos/{sent['id']}/segments").json()
    drawn = [run["reason"] for run in runs if run["provenance"] == "received" and run["reason"]]
    assert drawn
    assert all(reason.endswith("of 60 tokens did not arrive and were drawn") for reason in drawn)
    made = probe(trio.content(str(sent["id"]), tmp_path / "out.mp4"), VideoLimits())
    assert made.frame_count_hint == FRAMES
