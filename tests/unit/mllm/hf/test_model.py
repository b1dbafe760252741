"""Real classes of every family at a tiny size, reloaded from disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semvid.answers import Outcome
from semvid.errors import InvalidInput, LimitExceeded, MissingComponent
from semvid.images.types import Picture
from semvid.mllm.hf import door, loading
from semvid.mllm.hf.model import HfModel
from semvid.mllm.language_model import NO, YES
from semvid.mllm.library import MllmLibrary
from semvid.mllm.settings import MllmSettings
from semvid.options import Focus, Scoring
from tests.models.tiny_mllm import FAMILIES

pytestmark = pytest.mark.tiny_models

Checkpoint = Callable[[str], Path]
SMALL = MllmSettings(
    mllm_device="cpu",
    mllm_batch=2,
    mllm_image_tokens=8,
    mllm_description_tokens=4,
    mllm_caption_tokens=4,
    mllm_question_frames=2,
    mllm_answer_tokens=4,
)


@pytest.fixture(scope="module")
def library() -> MllmLibrary:
    return MllmLibrary(SMALL.model_copy(update={"mllm_kept_models": len(FAMILIES)}))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_scores_and_captions(
    family: str, checkpoint: Checkpoint, library: MllmLibrary, pictures: list[Picture]
) -> None:
    name = f"hf:{checkpoint(family)}"
    first, *others = pictures
    for scoring in Scoring:
        mllm = library.open(name, scoring)
        together = mllm.compare(first, others, Focus.GENERAL)
        alone = [mllm.compare(first, [one], Focus.GENERAL)[0] for one in others]
        # an answer depends on its own pair only: padding and batching change nothing
        assert [a.p_yes for a in together] == pytest.approx([a.p_yes for a in alone], abs=1e-5)
        assert all(0.0 < a.mass < 1.0 for a in together)
        if scoring is Scoring.DIRECT:
            assert len({a.p_yes for a in together}) == len(others), "the pictures have no influence"
        books = mllm.resource()
        assert (books["scoring"], books["questions"], books["prompts"]) == (scoring.value, 6, "2")
        assert books["descriptions"] == {"described": 6, "described-once": 4, "direct": 0}[scoring.value]
        # random weights do not answer the question, and the books must say so
        assert books["mean_mass"] < 0.5
        assert any("yes or no" in warning for warning in books["warnings"])
    assert isinstance(mllm.caption(pictures), str)
    assert mllm.captions == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_answers_any_question(
    family: str, checkpoint: Checkpoint, library: MllmLibrary, pictures: list[Picture]
) -> None:
    """From pictures and question; random weights say anything or nothing, and the same every time."""
    mllm = library.open(f"hf:{checkpoint(family)}")
    questions = ["how many people are there?", "why?"]
    together = mllm.answer(iter(pictures), questions)
    alone = [mllm.answer(iter(pictures), [question])[0] for question in questions]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.sure for one in together] == pytest.approx([one.sure for one in alone], abs=1e-5)
    assert all(one.outcome is (Outcome.ANSWERED if one.text else Outcome.FAILED) for one in together)
    assert all(one.sure is not None and 0.0 < one.sure < 1.0 for one in together if one.text)
    if family == "internvl":  # the tiny one writes nothing, whatever it sees; its scores have a test above
        assert not any(one.text for one in together)
        return
    dark = mllm.answer(iter([0 * pictures[0]] * 4), questions)
    assert dark != together, "the pictures have no influence"


def test_direct_scores_read_the_logits_of_both_pictures(
    checkpoint: Checkpoint, library: MllmLibrary, pictures: list[Picture]
) -> None:
    """The same numbers from one plain forward pass, put together here by hand."""
    import torch
    from PIL import Image

    mllm = library.open(f"hf:{checkpoint('gemma3')}")
    (answer,) = mllm.compare(pictures[0], pictures[1:2], Focus.BACKGROUND)
    model = loading.load(str(checkpoint("gemma3")), SMALL)
    message = mllm._mllm._prompts.direct_question.filled(  # type: ignore[attr-defined]
        first=pictures[0],
        second=pictures[1],
        focus=mllm._mllm._prompts.focus[Focus.BACKGROUND],  # type: ignore[attr-defined]
    )
    content = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image", "image": Image.fromarray(part)}
        for part in message
    ]
    inputs = model._processor.apply_chat_template(
        [{"role": "user", "content": content}],
        tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt",
    )  # fmt: skip
    with torch.no_grad():
        probabilities = model._model(**inputs).logits[0, -1].double().softmax(-1)
    tokenizer = model._processor.tokenizer
    for forms, value in ((YES, answer.p_yes), (NO, answer.p_no)):
        encoded = [tokenizer.encode(form, add_special_tokens=False) for form in forms]
        ids = {tokens[0] for tokens in encoded if len(tokens) == 1}
        assert len(ids) == 4  # "Yes", "yes" and both with a space, in this tokenizer
        assert value == pytest.approx(sum(float(probabilities[i]) for i in ids), rel=1e-4)
    (other,) = mllm.compare(pictures[0], pictures[2:3], Focus.BACKGROUND)
    assert other.p_yes != answer.p_yes


def test_a_model_is_loaded_once_for_all_jobs(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def counted(name: str, settings: MllmSettings) -> HfModel:
        loaded.append(name)
        return loading.load(name, settings)

    from semvid import mllm as mllms

    monkeypatch.setitem(mllms.BACKENDS, "hf", mllms.Backend(door.check, counted))
    library = MllmLibrary(SMALL.model_copy(update={"mllm_kept_models": 1}))
    first, second = (str(checkpoint(family)) for family in ("gemma3", "internvl"))
    assert library.open(f"hf:{first}")._mllm._model is library.open(f"hf:{first}")._mllm._model  # type: ignore[attr-defined]
    assert loaded == [first]
    library.open(f"hf:{second}")
    library.open(f"hf:{first}")
    assert loaded == [first, second, first]


def test_tokens_of_a_picture_follow_the_setting(checkpoint: Checkpoint) -> None:
    picture = np.zeros((320, 320, 3), np.uint8)

    def length(family: str, tokens: int) -> int:
        model = loading.load(str(checkpoint(family)), SMALL.model_copy(update={"mllm_image_tokens": tokens}))
        return int(model._inputs([[picture]])["input_ids"].shape[1])

    for family, few, many in (
        ("qwen3_vl", 4, 64),
        ("qwen2_5_vl", 4, 64),
        ("internvl", 1, 13),
        ("smolvlm", 4, 64),
    ):
        assert length(family, few) < length(family, many)
    assert length("qwen3_vl", 36) - length("qwen3_vl", 16) == 20


def test_eight_bit_weights_answer_nearly_the_same(checkpoint: Checkpoint, pictures: list[Picture]) -> None:
    folder = str(checkpoint("qwen2_5_vl"))
    message: Sequence[Any] = ["Yes or No? ", pictures[0]]
    plain = loading.load(folder, SMALL)
    small = loading.load(folder, SMALL.model_copy(update={"mllm_quantisation": "int8"}))
    kinds = {type(p).__name__ for p in small._model.parameters()}
    assert any("Int8" in kind or "Quantized" in kind for kind in kinds)
    (one,), (two,) = plain.answer([message]), small.answer([message])
    assert two.p_yes == pytest.approx(one.p_yes, rel=0.1)
    assert two.p_yes != one.p_yes


class _OutOfMemoryAbove:
    """A model that fails as a GPU does when more than ``limit`` rows come at once."""

    def __init__(self, model: Any, limit: int) -> None:
        self._model, self._limit = model, limit
        self.device, self.dtype = model.device, model.dtype

    def __call__(self, **inputs: Any) -> Any:
        import torch

        if len(inputs["input_ids"]) > self._limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return self._model(**inputs)


def test_out_of_memory_halves_the_batch_and_says_so(checkpoint: Checkpoint, pictures: list[Picture]) -> None:
    model = loading.load(str(checkpoint("gemma3")), SMALL.model_copy(update={"mllm_batch": 8}))
    messages: list[list[Any]] = [["Yes or No? ", picture] for picture in [*pictures, *pictures]]
    expected = model.answer(messages)
    model._model = _OutOfMemoryAbove(model._model, 3)
    answers = model.answer(messages)
    assert [a.p_yes for a in answers] == pytest.approx([a.p_yes for a in expected], abs=1e-6)
    assert [notice.rpartition("; now ")[2] for notice in model.notices] == ["4", "2"]
    model._model = _OutOfMemoryAbove(model._model, 0)
    with pytest.raises(LimitExceeded, match="MLLM_QUANTISATION=int8"):
        model.answer(messages)


def refusal(name: str, settings: MllmSettings = SMALL) -> str:
    with pytest.raises(InvalidInput) as refused:
        MllmLibrary(settings).check(name)
    return str(refused.value)


def test_the_door_refuses_what_cannot_work(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert "takes no pictures" in refusal(f"hf:{checkpoint('text_only')}")
    assert "no such folder" in refusal(f"hf:{tmp_path}/nothing")
    assert "no config.json" in refusal(f"hf:{tmp_path}")
    assert "needs to know which" in refusal("hf")
    assert "does not apply" in _scoring_refusal()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "model_of_the_year_3000"}))
    assert "pip install --upgrade transformers" in refusal(f"hf:{tmp_path}")


def _scoring_refusal() -> str:
    with pytest.raises(InvalidInput) as refused:
        MllmLibrary(SMALL).check("embedded", Scoring.DIRECT)
    return str(refused.value)


def test_offline_says_how_to_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "hf download nobody/has-this-model" in refusal("hf:nobody/has-this-model")


def test_a_misspelt_id_is_told_apart() -> None:
    assert "OWNER/NAME" in refusal("hf:not a model id")


@pytest.mark.parametrize(
    ("kind", "words"),
    [("GatedRepoError", "accept its licence"), ("RepositoryNotFoundError", "no such model")],
)
def test_what_the_hub_says_becomes_a_remedy(kind: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's own exception classes, as transformers wraps them."""
    import httpx
    import transformers
    from huggingface_hub import errors as hub

    def refuse(*_: Any, **__: Any) -> None:
        response = httpx.Response(403, request=httpx.Request("GET", "https://huggingface.co"))
        raise OSError("cannot load") from getattr(hub, kind)("refused", response=response)

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", refuse)
    assert words in refusal("hf:owner/model")


def test_a_full_disk_and_a_small_gpu_are_named(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    import torch
    import transformers

    def fails_with(error: Exception) -> str:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(transformers.AutoModelForImageTextToText, "from_pretrained", fail)
        with pytest.raises(LimitExceeded) as failed:
            loading.load(str(checkpoint("gemma3")), SMALL)
        return str(failed.value)

    assert "HF_HOME" in fails_with(OSError(errno.ENOSPC, "No space left on device"))
    assert "does not fit" in fails_with(torch.OutOfMemoryError("CUDA out of memory."))


def test_damaged_or_missing_weights_are_the_checkpoints_fault(checkpoint: Checkpoint, tmp_path: Path) -> None:
    shutil.copytree(checkpoint("gemma3"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.safetensors").write_bytes(b"nothing of use")
    with pytest.raises(InvalidInput, match="transformers cannot load it"):
        loading.load(str(tmp_path), SMALL)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InvalidInput, match="missing"):
        loading.load(str(tmp_path), SMALL)


def test_a_checkpoint_without_chat_template_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    shutil.copytree(checkpoint("gemma3"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(InvalidInput, match="no chat template"):
        loading.load(str(tmp_path), SMALL)


def test_a_gpu_that_is_not_there_and_a_missing_package(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"hf:{checkpoint('gemma3')}"
    with pytest.raises(MissingComponent, match="MLLM_DEVICE is cuda:99"):
        MllmLibrary(SMALL.model_copy(update={"mllm_device": "cuda:99"})).check(name)
    monkeypatch.setattr(door, "find_spec", lambda package: None)
    with pytest.raises(MissingComponent, match=r'pip install "semvid\[models\]"'):
        MllmLibrary(SMALL).check(name)
