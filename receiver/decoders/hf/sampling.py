"""One call of a diffusers pipeline: seeds in, pixels out, a look at the outside world after every step."""

import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

from receiver.decoders.hf.clip import Clip, Frames, OnStep
from receiver.decoders.hf.prompt import NEGATIVE_PROMPT
from semvid.errors import SemvidError
from semvid.images.types import Picture


def as_image(picture: Picture) -> Any:
    """A picture as the pipelines like it best (PIL)."""
    from PIL import Image

    return Image.fromarray(picture)


def sample(pipeline: Any, clips: Sequence[Clip], on_step: OnStep, **arguments: Any) -> list[Frames]:
    """Runs ``pipeline`` once for all ``clips``, which have one shape.

    Noise is drawn on the CPU, so that it is the same whatever the device.

    Args:
        pipeline: a `DiffusionPipeline` that makes videos.
        clips: as many as the pipeline takes at a time.
        on_step: told the share of steps done; what it raises ends the call.
        arguments: of this family alone.

    Raises:
        SemvidError: the model gave no numbers.
    """
    import torch

    height, width = clips[0].size
    prompts = [clip.prompt for clip in clips]
    generators = [torch.Generator("cpu").manual_seed(clip.seed) for clip in clips]

    def after_step(running: Any, step: int, _: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step((step + 1) / running.num_timesteps)
        return tensors

    try:
        frames = pipeline(
            prompt=prompts if len(clips) > 1 else prompts[0],
            negative_prompt=[NEGATIVE_PROMPT] * len(clips) if len(clips) > 1 else NEGATIVE_PROMPT,
            generator=generators if len(clips) > 1 else generators[0],
            num_frames=clips[0].frames,
            height=height,
            width=width,
            output_type="pt",
            callback_on_step_end=after_step,
            **arguments,
        ).frames
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # or the exception holds the latents, on the GPU
        raise
    finally:
        pipeline.maybe_free_model_hooks()  # also after an exception, or offloaded parts stay on the GPU
    if not bool(torch.isfinite(frames).all()):
        raise SemvidError(
            "the model gave values that are no numbers; "
            "set SEMVID_RECEIVER_DECODER_DTYPE to bfloat16 or float32"
        )
    pixels = (frames * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).cpu().numpy()
    if pixels.shape[:4] != (len(clips), clips[0].frames, height, width):
        raise RuntimeError(f"{type(pipeline).__name__} gave frames of shape {pixels.shape}")
    return [np.ascontiguousarray(clip, np.uint8) for clip in pixels]
