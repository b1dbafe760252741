"""Seconds and memory of the large models on this machine's GPU, with random weights at the real size.

    python -m evaluation.studies.models --out results/models.json
    python -m evaluation.studies.models --dry-run         # tiny models on the CPU: does the script work?

No weights are needed and none are kept. What the models say or draw means nothing; how long it takes, and
what memory it takes, is what the real ones take. Generated texts run to their limit of tokens, since random
weights do not know when to stop: scorings that describe are measured at their worst.

Every family is run at a tiny size too, with each option that moves or shrinks weights: does its code run on
this device (`evaluation.studies.device_check`)?
"""

import argparse
import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation.provenance import provenance, write
from evaluation.studies.device_check import check_decoders, check_mllms
from evaluation.studies.random_models import multimodal_model, video_pipeline
from receiver.decoders.hf.clip import Clip
from semvid.images.types import Picture
from semvid.mllm.judge import Judge
from semvid.mllm.prompts import load_prompts
from semvid.mllm.settings import MllmSettings
from semvid.options import Focus, Scoring

NOTE: Final = (
    "The weights are random. Only speed and memory mean anything; the answers and pictures mean nothing, and "
    "no statement about quality can be drawn from this file."
)
LIBRARIES: Final = ("torch", "transformers", "diffusers", "numpy")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, at which size.

    Attributes:
        tiny: models of no size, on the CPU.
        side: width and height of the pictures that the multimodal model compares.
        pairs: per call.
        batches: questions per forward pass.
        tokens: of one description.
        clip: width, height and frames of a generated clip.
        clips: generated together.
        frame_rate: of a generated clip, frames per second.
    """

    tiny: bool
    side: tuple[int, int]
    pairs: int
    batches: tuple[int, ...]
    tokens: int
    clip: tuple[int, int, int]
    clips: tuple[int, ...]
    frame_rate: float = 24.0


REAL: Final = Plan(False, (448, 256), 16, (1, 8, 16), 128, (576, 320, 121), (1, 4))
DRY: Final = Plan(True, (64, 32), 4, (1, 4), 4, (64, 32, 17), (1, 2))


def measured(device: str, work: Callable[[], Any]) -> tuple[float, int]:
    """Seconds of the second run of ``work``, and the peak of allocated memory during it, bytes.

    On a CPU the peak is that of the process since its start.
    """
    import torch

    work()  # kernels are chosen and compiled in the first run
    on_gpu = device != "cpu"
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    work()
    if on_gpu:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    if on_gpu:
        return seconds, int(torch.cuda.max_memory_allocated())
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def bench_scoring(plan: Plan, device: str) -> dict[str, Any]:
    """Seconds per pair for each way to score, by batch; all pairs have one keyframe."""
    rows = []
    about: dict[str, Any] = {}
    pictures = _pictures(plan.pairs + 1, *plan.side)
    for batch in plan.batches:
        settings = MllmSettings(mllm_batch=batch, mllm_description_tokens=plan.tokens)
        model, about = multimodal_model(device, settings, plan.tiny)
        for scoring, reuse in ((Scoring.DIRECT, False), *((scoring, True) for scoring in Scoring)):

            def work(
                scoring: Scoring = scoring, reuse: bool = reuse, model: Any = model, settings: Any = settings
            ) -> None:
                # nothing is remembered from the run before: neither descriptions nor the keyframe
                model.reuse_prefixes(reuse)
                judge = Judge(model, scoring, load_prompts(None), settings)
                judge.compare(pictures[0], pictures[1:], Focus.GENERAL)

            seconds, peak = measured(device, work)
            rows.append(
                {
                    "scoring": scoring.value,
                    "prefix_reuse": reuse and scoring is Scoring.DIRECT,
                    "batch": batch,
                    "seconds_per_pair": round(seconds / plan.pairs, 5),
                    "peak_memory": peak,
                }
            )
        del model
        _free(device)
    return {"model": about, "pairs": plan.pairs, "picture": list(plan.side), "rows": rows}


def bench_generation(plan: Plan, device: str) -> dict[str, Any]:
    """Seconds per generated second, distilled or not, by clips made together."""
    width, height, frames = plan.clip
    first, last = _pictures(2, width, height)
    duration = (frames - 1) / plan.frame_rate
    rows = []
    about: dict[str, Any] = {}
    for distilled in (True, False):
        family, about = video_pipeline(device, distilled, plan.tiny)
        for count in plan.clips:
            keyframes = ((0, first), (frames - 1, last))
            clips = [Clip(keyframes, frames, "A ball rolls.", plan.frame_rate, seed) for seed in range(count)]

            def work(family: Any = family, clips: list[Clip] = clips) -> None:
                family.make(clips, lambda _: None)

            seconds, peak = measured(device, work)
            rows.append(
                {
                    "sampling": "distilled, 8 steps" if distilled else "30 steps, guidance",
                    "clips": count,
                    "seconds_per_clip": round(seconds / count, 4),
                    "seconds_per_generated_second": round(seconds / count / duration, 4),
                    "peak_memory": peak,
                }
            )
        del family
        _free(device)
    return {"model": about, "clip": {"width": width, "height": height, "frames": frames}, "rows": rows}


def run(plan: Plan, device: str) -> dict[str, Any]:
    """All of it, JSON-ready."""
    return {
        "note": NOTE,
        "dry_run": plan.tiny,
        "device": _device_name(device),
        "scoring": bench_scoring(plan, device),
        "generation": bench_generation(plan, device),
        "tiny_decoders": {"rows": list(check_decoders(device))},
        "tiny_mllms": {"rows": list(check_mllms(device))},
        "provenance": provenance(LIBRARIES),
    }


def _pictures(count: int, width: int, height: int) -> list[Picture]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (height, width, 3), np.uint8) for _ in range(count)]


def _free(device: str) -> None:
    gc.collect()
    if device != "cpu":
        import torch

        torch.cuda.empty_cache()


def _device_name(device: str) -> str:
    import torch

    return "CPU" if device == "cpu" else torch.cuda.get_device_name(device)


def main() -> None:
    """Measures, prints the rows, writes the JSON."""
    parser = argparse.ArgumentParser(description="speed and memory of the large models, weights random")
    parser.add_argument("--dry-run", action="store_true", help="tiny models on the CPU")
    parser.add_argument("--device", default="cuda", help="cuda or cuda:N")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    device = "cpu" if arguments.dry_run else arguments.device
    if device != "cpu":
        import torch

        if not torch.cuda.is_available():
            parser.error("torch sees no GPU here; `semvid doctor` says why. --dry-run tries the script")
    result = run(DRY if arguments.dry_run else REAL, device)
    print(f"{NOTE}\n{result['device']}")
    for part in ("scoring", "generation", "tiny_decoders", "tiny_mllms"):
        for row in result[part]["rows"]:
            print(part, *(f"{name}={value}" for name, value in row.items()))
    write(arguments.out, result)


if __name__ == "__main__":
    main()
