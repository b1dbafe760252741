"""How many tokens a picture may take, in the words of each family's image processor.

Families whose pictures always take the same number (Gemma 3: 256) are not listed: there is nothing to choose.
"""

import math
from collections.abc import Callable
from typing import Any


def image_arguments(processor: Any, tokens: int) -> dict[str, Any]:
    """Arguments of the image processor that keep a picture within about ``tokens`` tokens.

    A family never goes below one tile; empty where the family leaves no choice or is not known here.
    """
    budget = _BUDGETS.get(type(processor).__name__)
    return budget(processor, tokens) if budget else {}


def _qwen(processor: Any, tokens: int) -> dict[str, Any]:
    """Any number of square units of merged patches; sizes count pixels (transformers 5)."""
    images = processor.image_processor
    unit = (images.patch_size * images.merge_size) ** 2
    least = min(tokens, max(1, images.size["shortest_edge"] // unit))
    return {"size": {"shortest_edge": least * unit, "longest_edge": tokens * unit}}


def _internvl(processor: Any, tokens: int) -> dict[str, Any]:
    """Tiles of one size, and one overview where there are several."""
    tiles = tokens // processor.image_seq_length
    if tiles < 3:
        return {"crop_to_patches": False}
    return {"crop_to_patches": True, "min_patches": 1, "max_patches": tiles - 1}


def _idefics(processor: Any, tokens: int) -> dict[str, Any]:
    """A square grid of tiles, and one overview where there are several."""
    side = math.isqrt(max(0, tokens // processor.image_seq_len - 1))
    if side < 2:
        return {"do_image_splitting": False}
    tile = processor.image_processor.max_image_size["longest_edge"]
    return {"do_image_splitting": True, "size": {"longest_edge": side * tile}}


_BUDGETS: dict[str, Callable[[Any, int], dict[str, Any]]] = {
    "Qwen2VLProcessor": _qwen,
    "Qwen2_5_VLProcessor": _qwen,
    "Qwen3VLProcessor": _qwen,
    "InternVLProcessor": _internvl,
    "SmolVLMProcessor": _idefics,
    "Idefics3Processor": _idefics,
}
