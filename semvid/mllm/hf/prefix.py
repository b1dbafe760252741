"""Questions that share a prefix, up to their second picture: it is computed once and kept.

A keyframe is compared with many candidates, and in a decoder-only model nothing that comes later changes the
keys and values of what came before. They are kept, and a further candidate costs its own picture and the
question's text. The families below are those whose answers the tests found equal either way; in low precision
the last digits differ, as they do between batch sizes.
"""

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from semvid.mllm.language_model import Message

FAMILIES: Final = frozenset({"internvl", "qwen2_5_vl", "qwen3_vl", "smolvlm"})  # model_type
_KEPT: Final = 4  # prefixes; jobs take turns


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A computed prefix and what follows it in every question.

    Attributes:
        example: a whole question that has it.
        cache: keys and values, batch of one.
        rest: what the model takes beside pictures for the tokens that follow, batch of one; its attention
            mask covers the prefix too.
        pictures: placeholder tokens of pictures in the rest.
    """

    example: Message
    cache: Any
    rest: dict[str, Any]
    pictures: int


class PrefixReuse:
    """Next-token logits of questions with two pictures or more.

    Args:
        model: as transformers loaded it.
        inputs: tensors of a batch of messages, on the model's device.
    """

    def __init__(self, model: Any, inputs: Callable[[Sequence[Message]], Any]) -> None:
        self._model, self._inputs = model, inputs
        self._applies = model.config.model_type in FAMILIES
        named = inspect.signature(model.forward).parameters
        self._cache_argument = "cache" if "cache" in named else "past_key_values"
        self._kept: list[_Prefix] = []  # the one used last comes last

    def logits(self, messages: Sequence[Message]) -> Any | None:
        """Float [batch, vocabulary]; None where the prefixes differ or the family is not one of ours."""
        first = messages[0]
        if not self._applies or not all(_share_prefix(first, other) for other in messages):
            return None
        prefix = self._prefix_of(first)
        rests = self._inputs([message[_prefix_length(message) :] for message in messages])
        if int((rests["input_ids"] == self._image_token).sum()) != len(messages) * prefix.pictures:
            return None
        cache = copy.deepcopy(prefix.cache)
        cache.batch_repeat_interleave(len(messages))
        pictures = {name: value for name, value in rests.items() if not _is_sequence(value, rests)}
        rest = {
            name: value.repeat_interleave(len(messages), dim=1 if name == "position_ids" else 0)
            for name, value in prefix.rest.items()
        }
        return self._model(**rest, **pictures, **{self._cache_argument: cache}, logits_to_keep=1).logits[
            :, -1
        ]

    def forget(self) -> None:
        """Gives the memory of the kept prefixes back."""
        self._kept.clear()

    def _prefix_of(self, message: Message) -> _Prefix:
        for number, kept in enumerate(self._kept):
            if _share_prefix(kept.example, message):
                self._kept.append(self._kept.pop(number))
                return kept
        self._kept.append(self._compute(message))
        del self._kept[:-_KEPT]
        return self._kept[-1]

    def _compute(self, message: Message) -> _Prefix:
        from transformers import DynamicCache

        whole, alone = self._inputs([message]), self._inputs([message[: _prefix_length(message)]])
        length = _common_length(whole["input_ids"][0], alone["input_ids"][0])
        opening = {
            name: value[:, :length] if _is_sequence(value, alone) else value for name, value in alone.items()
        }
        rest = {name: value[:, length:] for name, value in whole.items() if _is_sequence(value, whole)}
        rest["attention_mask"] = whole["attention_mask"]
        positions = self._positions(whole)
        if positions is not None:
            rest["position_ids"] = positions[..., length:]
        cache = DynamicCache(config=self._model.config)
        self._model(**opening, **{self._cache_argument: cache}, use_cache=True, logits_to_keep=1)
        return _Prefix(message, cache, rest, int((rest["input_ids"] == self._image_token).sum()))

    def _positions(self, whole: Any) -> Any | None:
        """Positions in time, height and width, [3, 1, length], of families that have them (M-RoPE)."""
        if not hasattr(self._model.model, "get_rope_index"):
            return None
        names = ("input_ids", "mm_token_type_ids", "image_grid_thw", "attention_mask")
        positions, _ = self._model.model.get_rope_index(**{name: whole[name] for name in names})
        return positions

    @property
    def _image_token(self) -> int:
        config = self._model.config
        return int(getattr(config, "image_token_id", None) or config.image_token_index)


def _prefix_length(message: Message) -> int:
    """Parts up to the second picture; 0 where there is none."""
    pictures = [number for number, part in enumerate(message) if not isinstance(part, str)]
    return pictures[1] if len(pictures) > 1 else 0


def _share_prefix(one: Message, other: Message) -> bool:
    """Whether two questions differ in nothing but what pictures show that come after the first one."""
    length = _prefix_length(one)
    return (
        0 < length == _prefix_length(other)
        and len(one) == len(other)
        and all(_same(a, b, number < length) for number, (a, b) in enumerate(zip(one, other, strict=True)))
    )


def _same(one: Any, other: Any, in_prefix: bool) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one == other
    if one is other:
        return True
    return one.shape == other.shape and (not in_prefix or np.array_equal(one, other))


def _is_sequence(value: Any, inputs: Any) -> bool:
    """Whether a tensor has one entry a token."""
    return bool(value.shape == inputs["input_ids"].shape)


def _common_length(one: Any, other: Any) -> int:
    shorter = min(len(one), len(other))
    differing = (one[:shorter] != other[:shorter]).nonzero()
    return int(differing[0]) if len(differing) else shorter
