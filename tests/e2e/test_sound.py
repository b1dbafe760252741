"""A video with sound through three real processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semvid.sound.pcm import SAMPLE_RATE, silence
from semvid.sound.track import probe_sound
from tests.synthetic_clip import write_clip
from tests.synthetic_sound import bursts, onsets, sound_of, with_sound

FRAMES = 60  # 2.5 s
LATE_S = 0.2  # the sound begins so much after the picture


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounding")
    write_clip(folder / "silent.mp4", 3, FRAMES, width=288, height=160)
    return with_sound(folder / "silent.mp4", folder / "clip.mkv", bursts(3, 2), LATE_S)


@pytest.fixture(scope="module")
def sent(trio: Any, clip: Path) -> dict[str, Any]:
    return dict(trio.transmit(clip))


def test_sound_comes_out_with_its_picture(trio: Any, sent: dict[str, Any], tmp_path: Path) -> None:
    assert sent["state"] == "SUCCEEDED", sent
    assert sent["source"]["sound"] == {"codec": "flac", "sample_rate": 48_000, "channels": 2}
    video = trio.wait_video(sent["id"])
    assert video["state"] == "SUCCEEDED"
    assert video["sound"] == {
        "codec": "opus",
        "channels": 2,
        "packet_ms": 20,
        "seconds": 2.5,
        "packets_received": 125,
        "packets_lost": 0,
        "packets_undecodable": 0,
        "concealed_s": 0.0,
    }
    pcm, offset = sound_of(trio.content(sent["id"], tmp_path / "out.mp4"))
    heard = np.array(onsets(pcm)) + offset
    assert heard == pytest.approx([LATE_S + at for at in (0, 0.5, 1, 1.5, 2)], abs=0.005)
    assert len(pcm) / SAMPLE_RATE + offset == pytest.approx(2.5, abs=0.025)


def test_every_symbol_of_it_is_counted(sent: dict[str, Any]) -> None:
    sound, symbols = sent["sound"], sent["symbols"]
    assert (sound["codec"], sound["bit_rate"], sound["seconds"]) == ("opus", 16_000, 2.5)
    assert sound["bits"] == sent["bits"]["sound"] > 0
    assert sound["symbols"] > symbols["sound"] > 0  # pilots and control words of its blocks too
    assert sound["share"] == pytest.approx(sound["symbols"] / sent["total_symbols"], abs=1e-4)
    assert sum(symbols.values()) == sent["total_symbols"]
    assert sent["mcs"]["sound"]


def test_without_sound_nothing_of_it_is_left(
    trio: Any, clip: Path, sent: dict[str, Any], tmp_path: Path
) -> None:
    silent = trio.transmit(clip, json.dumps({"sound": "none", "coding_time": 0.1}))
    assert silent["state"] == "SUCCEEDED"
    assert silent["sound"] == {"codec": "none", "reason": "none was asked for"} | {
        name: None for name in sent["sound"] if name not in ("codec", "reason")
    }
    assert silent["symbols"]["sound"] == 0
    assert silent["total_symbols"] < sent["total_symbols"]
    video = trio.wait_video(silent["id"])
    assert video["sound"] is None
    assert probe_sound(trio.content(silent["id"], tmp_path / "out.mp4")) is None


def test_pictures_leave_room_for_the_sound(trio: Any, clip: Path) -> None:
    target = 1e-2
    job = trio.transmit(clip, json.dumps({"target_cbr": target, "coding_time": 0.1}))
    assert job["state"] == "SUCCEEDED"
    assert job["sound"]["codec"] == "opus"
    assert 0.1 < job["sound"]["symbols"] / (job["total_symbols"] * target / job["cbr"]) < 0.27
    assert 0.8 * target < job["cbr"] < 1.1 * target


def test_sound_that_is_silent_leaves_its_room_to_the_pictures(trio: Any, clip: Path, tmp_path: Path) -> None:
    target = 1e-2
    quiet = with_sound(clip.parent / "silent.mp4", tmp_path / "quiet.mkv", silence(3 * SAMPLE_RATE, 2))
    job = trio.transmit(quiet, json.dumps({"target_cbr": target, "coding_time": 0.1}))
    assert job["sound"]["codec"] == "opus"
    assert job["sound"]["share"] < 0.05
    assert 0.94 * target < job["cbr"] < 1.03 * target  # .90 where what was put aside is not given back


def test_sound_that_is_not_there_is_refused_at_the_door(trio: Any, short_clip: Path) -> None:
    answer = trio.submit(short_clip, json.dumps({"sound": "opus"}))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "option sound: opus was asked for and the file has no sound" in answer.json()["detail"]
