"""LTX-Video from 0.9.5: any number of keyframes, each at its exact frame, and real batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, Sampling
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample, use_schedule_as_given

# Model cards of the distilled checkpoints (0.9.7 and 0.9.8): eight steps, the last almost at zero.
DISTILLED_TIMESTEPS = [1000, 993, 987, 981, 975, 909, 725, 0.03]


class LtxCondition(Family):
    """`LTXConditionPipeline`."""

    pipeline_class = "LTXConditionPipeline"
    index_classes = ("LTXConditionPipeline",)
    longest = 121  # up to 257 are said to work; memory grows with it
    pixels = 1216 * 704
    batches = True

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        self.rules = ClipRules(
            pipeline.vae_temporal_compression_ratio,
            pipeline.vae_spatial_compression_ratio,
            self.longest,
            EndPlace.ANYWHERE,
        )
        self._pipeline = pipeline
        if sampling.distilled and sampling.steps is None:
            use_schedule_as_given(pipeline)
            self._schedule: dict[str, Any] = {"timesteps": DISTILLED_TIMESTEPS}
            self._schedule["guidance_scale"] = 1.0 if sampling.guidance is None else sampling.guidance
        else:  # diffusers' documentation of 0.9.7-dev
            steps, guidance = sampling.given(30, 1.0 if sampling.distilled else 5.0)
            self._schedule = {
                "num_inference_steps": steps,
                "guidance_scale": guidance,
                "guidance_rescale": 0.7 if guidance > 1 else 0.0,
            }

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

        places = [index for index, _ in clips[0].keyframes]
        conditions = [
            LTXVideoCondition(
                image=[as_image(clip.keyframes[number][1]) for clip in clips], frame_index=place
            )
            for number, place in enumerate(places)
        ]
        return sample(
            self._pipeline,
            clips,
            on_step,
            conditions=conditions,
            frame_rate=clips[0].frame_rate,
            image_cond_noise_scale=0.0,  # the default of 0.15 blurs the keyframes that we were sent
            decode_timestep=0.05,
            decode_noise_scale=0.025,
            **self._schedule,
        )
