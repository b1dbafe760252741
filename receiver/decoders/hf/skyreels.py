"""SkyReels-V2 diffusion forcing: the end keyframe is held clean just behind the clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, Sampling
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample

_FLOW_SHIFT = 5.0  # with pictures; checkpoints come set for text alone, 8.0 (model card)


class SkyReelsForcing(Family):
    """`SkyReelsV2DiffusionForcingImageToVideoPipeline`; see `receiver.decoders.hf.clip.Family`.

    The pipeline appends the end keyframe as one more latent and drops that latent at the end, so the keyframe
    belongs to the frame after the last.
    """

    pipeline_class = "SkyReelsV2DiffusionForcingImageToVideoPipeline"
    index_classes = (
        "SkyReelsV2DiffusionForcingImageToVideoPipeline",
        "SkyReelsV2DiffusionForcingPipeline",
    )
    longest = 97
    pixels = 960 * 544
    batches = False  # keyframes of one clip per call
    float32 = ("vae",)

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        self.rules = ClipRules(
            pipeline.vae_scale_factor_temporal,
            pipeline.vae_scale_factor_spatial * pipeline.transformer.config.patch_size[1],
            self.longest,
            EndPlace.BEHIND,
        )
        self._pipeline = pipeline
        scheduler = pipeline.scheduler
        pipeline.scheduler = type(scheduler).from_config(scheduler.config, flow_shift=_FLOW_SHIFT)
        self._steps, self._guidance = sampling.given(50, 5.0)

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        (clip,) = clips
        (_, first), (_, last) = clip.keyframes
        return sample(
            self._pipeline,
            clips,
            on_step,
            image=as_image(first),
            last_image=as_image(last),
            base_num_frames=clip.frames,
            ar_step=0,
            addnoise_condition=0,  # more than 0 draws noise from the global generator, whatever the seed
            num_inference_steps=self._steps,
            guidance_scale=self._guidance,
        )
