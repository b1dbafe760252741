"""Pipelines that draw a clip from words: the paper's Text-Only, and with a first frame, GVSC's mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, Sampling
from receiver.decoders.hf.ltx import DISTILLED_TIMESTEPS
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample, use_schedule_as_given
from semvid.profile import Given


class LtxText(Family):
    """`LTXPipeline`, and `LTXImageToVideoPipeline` on the same parts where there is a first frame.

    See `receiver.decoders.hf.clip.Family`.
    """

    pipeline_class = "LTXPipeline"
    index_classes = ("LTXPipeline", "LTXImageToVideoPipeline")
    draws_from = frozenset({Given.FIRST_FRAME, Given.NOTHING})
    longest = 161  # the pipeline's own default
    pixels = 704 * 512
    batches = True

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        from diffusers import LTXImageToVideoPipeline

        self.rules = ClipRules(
            pipeline.vae_temporal_compression_ratio,
            pipeline.vae_spatial_compression_ratio,
            self.longest,
            EndPlace.LAST,
        )
        as_given = sampling.distilled and sampling.steps is None
        if as_given:
            use_schedule_as_given(pipeline)
        self._from_text = pipeline
        self._from_image = LTXImageToVideoPipeline(**pipeline.components)
        self._from_image.set_progress_bar_config(disable=True)
        if as_given:
            self._schedule: dict[str, Any] = {"timesteps": DISTILLED_TIMESTEPS}
            self._schedule["guidance_scale"] = 1.0 if sampling.guidance is None else sampling.guidance
        else:
            steps, guidance = sampling.given(50, 1.0 if sampling.distilled else 3.0)
            self._schedule = {"num_inference_steps": steps, "guidance_scale": guidance}

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        arguments: dict[str, Any] = {
            "frame_rate": clips[0].frame_rate,
            "decode_timestep": 0.05,
            "decode_noise_scale": 0.025,
            **self._schedule,
        }
        if not clips[0].keyframes:
            return sample(self._from_text, clips, on_step, **arguments)
        images = [as_image(clip.keyframes[0][1]) for clip in clips]
        image = images if len(images) > 1 else images[0]
        return sample(self._from_image, clips, on_step, image=image, **arguments)


class WanText(Family):
    """`WanPipeline`."""

    pipeline_class = "WanPipeline"
    index_classes = ("WanPipeline",)
    draws_from = frozenset({Given.NOTHING})
    longest = 81
    pixels = 832 * 480
    batches = True
    float32 = ("vae",)

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        transformer = pipeline.transformer or pipeline.transformer_2
        self.rules = ClipRules(
            pipeline.vae_scale_factor_temporal,
            pipeline.vae_scale_factor_spatial * transformer.config.patch_size[1],
            self.longest,
            EndPlace.LAST,
        )
        self._pipeline = pipeline
        # model cards of Wan 2.1 and 2.2; the distilled LoRAs take four steps
        self._steps, self._guidance = sampling.given(*((4, 1.0) if sampling.distilled else (50, 5.0)))

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        return sample(
            self._pipeline,
            clips,
            on_step,
            num_inference_steps=self._steps,
            guidance_scale=self._guidance,
        )
