"""Sound as text through three real processes, with speech models of the real classes at a tiny size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.conftest import SMALL, Trio, running
from tests.models.tiny_speech import build
from tests.synthetic_clip import write_clip
from tests.synthetic_sound import bursts, sound_of, with_sound

pytestmark = pytest.mark.tiny_models
FRAMES = 60  # 2.5 s


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speaking")
    write_clip(folder / "silent.mp4", 3, FRAMES, *SMALL)
    return with_sound(folder / "silent.mp4", folder / "clip.mkv", bursts(2.5, 2))


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    folder = tmp_path_factory.mktemp("trio")
    heard, said = build("wav2vec2", folder / "wav2vec2"), build("vits", folder / "vits")
    with running(
        folder,
        HF_HUB_OFFLINE="1",
        SEMVID_TRANSMITTER_MLLM_DEVICE="cpu",
        SEMVID_TRANSMITTER_SPEECH_MODEL=f"hf:{heard}",
        SEMVID_RECEIVER_VOICE_MODEL=f"hf:{said}",
    ) as trio:
        yield trio


def test_what_is_said_is_written_down_sent_and_spoken(trio: Trio, clip: Path, tmp_path: Path) -> None:
    sent = trio.transmit(clip, '{"sound": "text", "coding_time": 0.1}')
    assert sent["state"] == "SUCCEEDED", sent
    sound = sent["sound"]
    assert isinstance(sound, dict)
    assert (sound["codec"], sound["channels"], sound["packet_ms"], sound["seconds"]) == ("text", 1, 1000, 3)
    assert sound["reason"] == "asked for"
    assert sound["bits"] == sent["bits"]["sound"] > 0  # type: ignore[index]
    assert sum(sent["symbols"].values()) == sent["total_symbols"]  # type: ignore[attr-defined]
    video = trio.wait_video(str(sent["id"]))
    assert video["state"] == "SUCCEEDED"
    assert video["sound"] == {
        "codec": "text",
        "channels": 1,
        "packet_ms": 1000,
        "seconds": 2.5,
        "packets_received": 3,
        "packets_lost": 0,
        "packets_undecodable": 0,
        "concealed_s": 0.0,
    }
    pcm, _ = sound_of(trio.content(str(sent["id"]), tmp_path / "out.mp4"))
    assert np.abs(pcm[:24_000]).max() > 300  # the voice speaks


def test_where_nobody_asks_it_is_opus(trio: Trio, clip: Path) -> None:
    sent = trio.transmit(clip)
    assert sent["sound"]["codec"] == "opus"  # type: ignore[index]
