"""The beginning that questions share is computed once, and the answers are those of the whole question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from semvid.errors import LimitExceeded
from semvid.images.types import Picture
from semvid.mllm.hf import loading
from semvid.mllm.hf.model import HfModel
from semvid.mllm.hf.prefix import FAMILIES
from semvid.mllm.settings import MllmSettings
from tests.models.tiny_mllm import FAMILIES as ALL_FAMILIES

pytestmark = pytest.mark.tiny_models

Checkpoint = Callable[[str], Path]
WITH = MllmSettings(mllm_device="cpu", mllm_batch=3, mllm_image_tokens=64)
WITHOUT = WITH.model_copy(update={"mllm_prefix_reuse": False})


class Counted:
    """A model that notes rows and tokens of each forward pass."""

    def __init__(self, model: HfModel) -> None:
        self.passes: list[tuple[int, int]] = []
        forward = model._model.forward

        def counting(**inputs: Any) -> Any:
            self.passes.append(tuple(inputs["input_ids"].shape))
            return forward(**inputs)

        model._model.forward = counting


def questions(first: Picture, others: Sequence[Picture], asked: str = "The same? Yes or No.") -> list[Any]:
    return [
        ["First frame of a video:\n", first, "\nA later frame:\n", other, f"\n{asked}"] for other in others
    ]


def yes(model: HfModel, messages: Sequence[Any]) -> list[float]:
    return [answer.p_yes for answer in model.answer(messages)]


@pytest.mark.parametrize("family", ALL_FAMILIES)
@pytest.mark.parametrize("scale", [1, 3])
def test_answers_are_those_of_the_whole_question(
    family: str, scale: int, checkpoint: Checkpoint, pictures: list[Picture]
) -> None:
    first, *others = (picture.repeat(scale, axis=0).repeat(scale, axis=1) for picture in pictures)
    model = loading.load(str(checkpoint(family)), WITH)
    whole = yes(loading.load(str(checkpoint(family)), WITHOUT), questions(first, others))
    assert yes(model, questions(first, others)) == pytest.approx(whole, abs=1e-7)
    assert [yes(model, [one])[0] for one in questions(first, others)] == pytest.approx(whole, abs=1e-7)
    assert len(set(whole)) == len(others), "the pictures have no influence"


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_keyframe_is_computed_once(family: str, checkpoint: Checkpoint, pictures: list[Picture]) -> None:
    first, *others = pictures
    model = loading.load(str(checkpoint(family)), WITH)
    length = int(model._inputs(questions(first, others)[:1])["input_ids"].shape[1])
    counted = Counted(model)
    for one in questions(first, others):
        model.answer([one])
    model.answer(questions(first.copy(), others))  # the same picture, wherever it lies
    (rows, beginning), *rests = counted.passes
    assert rows == 1
    assert beginning > 0.3 * length
    assert rests == [(1, length - beginning)] * 3 + [(3, length - beginning)]


def test_another_keyframe_size_or_question_begins_anew(
    checkpoint: Checkpoint, pictures: list[Picture]
) -> None:
    first, second, third, _ = pictures
    small = [picture[:32, :32] for picture in (first, second)]
    model = loading.load(str(checkpoint("qwen3_vl")), WITH)
    plain = loading.load(str(checkpoint("qwen3_vl")), WITHOUT)
    counted = Counted(model)
    asked = [
        questions(first, [third]),
        questions(second, [third]),
        questions(small[0], [small[1]]),
        questions(first, [third], "Is the place the same?"),
        questions(first, [small[1]]),
    ]
    for messages in (*asked, asked[-1]):
        assert yes(model, messages) == pytest.approx(yes(plain, messages), abs=1e-7)
    assert len(counted.passes) == 2 * len(asked) + 1  # the last one was known
    assert yes(model, asked[0]) == pytest.approx(yes(plain, asked[0]), abs=1e-7)
    assert len(counted.passes) == 2 * len(asked) + 3  # only the last four are kept


def test_mixed_and_text_only_questions_are_computed_whole(
    checkpoint: Checkpoint, pictures: list[Picture]
) -> None:
    first, second, third, _ = pictures
    model = loading.load(str(checkpoint("internvl")), WITH)
    counted = Counted(model)
    mixed = [*questions(first, [third]), *questions(second, [third])]
    alone = [yes(model, [one])[0] for one in mixed]
    assert len(counted.passes) == 4
    assert yes(model, mixed) == pytest.approx(alone, abs=1e-7)
    model.answer([["Yes or No?"], ["No or Yes?"]])
    assert len(counted.passes) == 6


def test_kept_beginnings_are_given_back_when_memory_runs_out(
    checkpoint: Checkpoint, pictures: list[Picture]
) -> None:
    import torch

    first, *others = pictures
    model = loading.load(str(checkpoint("smolvlm")), WITH)
    expected = yes(model, questions(first, others))
    forward = model._model.forward

    def fail_above_one(**inputs: Any) -> Any:
        if len(inputs["input_ids"]) > 1 or limit == 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return forward(**inputs)

    limit = 1
    model._model.forward = fail_above_one
    assert yes(model, questions(first, others)) == pytest.approx(expected, abs=1e-7)
    assert [notice.rpartition("; now ")[2] for notice in model.notices] == ["1"]
    limit = 0
    with pytest.raises(LimitExceeded):
        model.answer(questions(first, others))
    assert not model._prefixes._kept  # type: ignore[union-attr]
