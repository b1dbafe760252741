"""Voices: a real class at a tiny size, and eSpeak NG where it is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from receiver.sound import voices
from semvid.errors import InvalidInput, MissingComponent
from tests.models.tiny_speech import build

SAID = "nobody came"


@pytest.fixture(scope="module")
def vits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("vits", tmp_path_factory.mktemp("voices") / "vits")


@pytest.mark.tiny_models
def test_a_text_to_speech_model_speaks_and_says_the_same_the_same_way(vits: Path) -> None:
    import torch

    voice = voices.named(f"hf:{vits}")
    assert voice is not None
    assert voice.rate == 16_000
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first, second, other = voice.speak(SAID), voice.speak(SAID), voice.speak("somebody did")
    assert first.dtype == np.float32
    assert first.ndim == 1
    assert len(first) > 1_000
    assert 0.001 < np.abs(first).max() <= 1
    np.testing.assert_array_equal(first, second)
    assert len(other) != len(first) or not np.array_equal(other, first)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.tiny_models
def test_words_of_a_script_that_it_does_not_know_are_refused(vits: Path) -> None:
    voice = voices.named(f"hf:{vits}")
    assert voice is not None
    with pytest.raises(InvalidInput, match="cannot speak"):
        voice.speak("你好")


@pytest.mark.tiny_models
def test_what_is_no_voice_is_refused(vits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InvalidInput, match="makes no waveform from text alone"):
        voices.named(f"hf:{build('wav2vec2', tmp_path / 'hears')}")
    with pytest.raises(InvalidInput, match="cannot be loaded"):
        voices.named(f"hf:{tmp_path}")
    with pytest.raises(InvalidInput, match="needs a model"):
        voices.named("hf:")
    with pytest.raises(MissingComponent, match="SEMVID_RECEIVER_VOICE_DEVICE is cuda:99"):
        voices.named(f"hf:{vits}", "cuda:99")


def test_no_name_is_no_voice_and_others_are_refused() -> None:
    assert voices.named("") is None
    with pytest.raises(InvalidInput, match="no voice 'say:alex'; set SEMVID_RECEIVER_VOICE_MODEL=hf:"):
        voices.named("say:alex")


def test_what_is_not_installed_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingComponent, match="apt-get install espeak-ng"):
        voices.named("espeak")
    monkeypatch.setattr("receiver.decoders.hf.checkpoint.find_spec", lambda name: None)
    with pytest.raises(MissingComponent, match=r'voice hf needs torch, transformers; .*"semvid\[models\]"'):
        voices.named("hf:any/one")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng: apt-get install espeak-ng")
def test_espeak_speaks() -> None:
    voice = voices.named("espeak:en")
    assert voice is not None
    short = voice.speak(SAID)
    long = voice.speak(f"-v {SAID}, and {SAID} again; $(ls) `ls` <audio src='/etc/passwd'/>")
    assert 0.4 < len(short) / voice.rate < 2
    assert 1.5 * len(short) < len(long)
    assert 0.1 < np.abs(short).max() <= 1
    np.testing.assert_array_equal(short, voice.speak(SAID))
    with pytest.raises(InvalidInput, match="qqq-nobody does not speak"):
        voices.named("espeak:qqq-nobody")
    with pytest.raises(InvalidInput, match="--voices lists them"):
        voices.named("espeak:--help")
