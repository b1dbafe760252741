"""Real speech recognition classes at a tiny size, reloaded from disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semvid.errors import InvalidInput, MissingComponent
from semvid.mllm.settings import MllmSettings
from semvid.sound.tempo import Samples
from tests.models.tiny_speech import build
from transmitter.sound.speech.library import SpeechLibrary

pytestmark = pytest.mark.tiny_models
SETTINGS = MllmSettings(mllm_device="cpu")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("speech")

    def folder(family: str) -> Path:
        path = root / family
        return path if path.exists() else build(family, path)

    return folder


def noise(seed: int, seconds: float) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("family", ["wav2vec2", "whisper"])
def test_every_kind_writes_down_what_it_hears(family: str, checkpoint: Callable[[str], Path]) -> None:
    library = SpeechLibrary(f"hf:{checkpoint(family)}", SETTINGS)
    library.check()
    model = library.open()
    assert library.open() is model
    one = model.transcribe(noise(0, 3))
    assert one
    assert model.transcribe(noise(0, 3)) == one
    assert model.transcribe(noise(1, 2)) != one
    assert "<" not in one


def test_ctc_text_is_what_the_logits_say(checkpoint: Callable[[str], Path]) -> None:
    """The same words from one plain forward pass, put together here by hand."""
    import torch
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor

    folder, samples = checkpoint("wav2vec2"), noise(3, 2)
    processor = Wav2Vec2Processor.from_pretrained(folder)
    inputs = processor(samples, sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        ids = Wav2Vec2ForCTC.from_pretrained(folder)(inputs.input_values).logits[0].argmax(-1).tolist()
    tokens = processor.tokenizer.convert_ids_to_tokens(
        [one for one, before in zip(ids, [None, *ids[:-1]], strict=True) if one != before]
    )
    expected = "".join(" " if t == "|" else t for t in tokens if not t.startswith("<"))
    heard = SpeechLibrary(f"hf:{folder}", SETTINGS).open().transcribe(samples)
    assert heard.split() == expected.split()


def test_what_cannot_work_is_refused_before_weights_are_loaded(
    checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingComponent, match="its operator sets SEMVID_TRANSMITTER_SPEECH_MODEL=hf:"):
        SpeechLibrary("", SETTINGS).check()
    with pytest.raises(InvalidInput, match="no speech model 'whisper'"):
        SpeechLibrary("whisper", SETTINGS)
    with pytest.raises(InvalidInput, match="no speech model 'hf:'"):
        SpeechLibrary("hf:", SETTINGS)
    with pytest.raises(InvalidInput, match="of type vits does not turn speech into text"):
        SpeechLibrary(f"hf:{checkpoint('vits')}", SETTINGS).check()
    with pytest.raises(InvalidInput, match=r"has no config\.json"):
        SpeechLibrary(f"hf:{tmp_path}", SETTINGS).check()
    with pytest.raises(InvalidInput, match="no such folder"):
        SpeechLibrary("hf:/no/such/folder", SETTINGS).check()
    monkeypatch.setattr("transmitter.sound.speech.hf.find_spec", lambda name: None)
    with pytest.raises(MissingComponent, match=r'pip install "semvid\[models\]"'):
        SpeechLibrary(f"hf:{checkpoint('wav2vec2')}", SETTINGS).check()
