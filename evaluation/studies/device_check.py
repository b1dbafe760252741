"""Every family that bridges or compares, tiny, on one device; decoders with each option for their weights.

Shows that a family's code runs on a device; a failure is a row and not an end. The tiny models are those of
``tests/models``, so this needs a checkout.
"""

import importlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from receiver.decoders import make_decoder
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from semvid.images.types import Picture
from semvid.mllm.hf.loading import load
from semvid.mllm.judge import Judge
from semvid.mllm.prompts import load_prompts
from semvid.mllm.settings import MllmSettings
from semvid.options import Focus, Scoring

Options = dict[str, Any]

_FRAMES: Final = 11  # between two keyframes: no family's grid has it
_ANYWHERE: Final[tuple[Options, ...]] = ({}, {"quantisation": "int8"}, {"quantisation": "fp8"})
_ON_A_GPU: Final[tuple[Options, ...]] = (
    {"offload": "model"},
    {"offload": "group"},
    {"compile": True},
    {"attention": "native"},
)


def check_decoders(device: str) -> Iterator[dict[str, Any]]:
    """One row for each family and each option: frames made, whether a second run gives the same, seconds."""
    tiny: Any = importlib.import_module("tests.models.tiny_video")
    random = np.random.default_rng(0)
    start, end = (random.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(2))
    for family in tiny.KINDS:
        for options in (*_ANYWHERE, *(() if device == "cpu" else _ON_A_GPU)):

            def work(family: str = family, options: Options = options) -> dict[str, Any]:
                chosen = DecoderOptions(device=device, steps=2, guidance=1.0, **options)
                decoder = make_decoder(f"hf:{tiny.checkpoint(family)}", chosen)
                first = _between(decoder, start, end)
                started = time.perf_counter()
                again = _between(decoder, start, end)
                return {
                    "frames": len(first),
                    "repeatable": np.array_equal(first, again),
                    "seconds": round(time.perf_counter() - started, 3),
                }

            yield {"family": family, "options": options, **_outcome(work)}


def check_mllms(device: str) -> Iterator[dict[str, Any]]:
    """One row for each family and scoring: the answers, and how far those differ that reuse a beginning."""
    tiny: Any = importlib.import_module("tests.models.tiny_mllm")
    random = np.random.default_rng(0)
    first, *others = (random.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(4))
    settings = MllmSettings(mllm_device=device, mllm_image_tokens=16, mllm_description_tokens=4)
    with tempfile.TemporaryDirectory(prefix="semvid-tiny-") as folder:
        for family in tiny.FAMILIES:
            for scoring in Scoring:

                def work(family: str = family, scoring: Scoring = scoring) -> dict[str, Any]:
                    place = Path(folder) / family
                    model = load(str(place if place.exists() else tiny.build(family, place)), settings)
                    judge = Judge(model, scoring, load_prompts(None), settings)
                    reused = _scores(judge, first, others)
                    model.reuse_prefixes(False)
                    whole = _scores(judge, first, others)
                    return {"p_yes": whole, "largest_difference": float(np.abs(whole - reused).max())}

                row = {"family": family, "scoring": scoring.value, **_outcome(work)}
                if "p_yes" in row:
                    row["p_yes"] = [float(f"{value:.4g}") for value in row["p_yes"]]
                yield row


def _between(decoder: Any, start: Picture, end: Picture) -> list[Picture]:
    height, width = start.shape[:2]
    request = SegmentRequest(start, end, width, height, "a boat moves", 0.002, _FRAMES, 24.0, seed=1)
    return list(decoder.generate(request, lambda _: None, lambda: False))


def _scores(judge: Judge, first: Picture, others: Sequence[Picture]) -> NDArray[np.float64]:
    return np.array([answer.p_yes for answer in judge.compare(first, others, Focus.GENERAL)])


def _outcome(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
