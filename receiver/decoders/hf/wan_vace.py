"""Wan VACE: a video with holes and a mask of what to fill. Small checkpoints, Apache-2.0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, Sampling
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample

_KEEP, _HOLE, _GREY = 0, 255, 128


class WanVace(Family):
    """`WanVACEPipeline`; see `receiver.decoders.hf.clip.Family`.

    The pipeline shrinks the mask to the latents' rate by taking the nearest frame, which drops the mark of a
    single keyframe between latents; the keyframe still acts through the video.
    """

    pipeline_class = "WanVACEPipeline"
    index_classes = ("WanVACEPipeline",)
    longest = 81
    pixels = 832 * 480
    batches = False  # one video and one mask per call
    float32 = ("vae",)

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        self.rules = ClipRules(
            pipeline.vae_scale_factor_temporal,
            pipeline.vae_scale_factor_spatial
            * (pipeline.transformer or pipeline.transformer_2).config.patch_size[1],
            self.longest,
            EndPlace.ANYWHERE,
        )
        self._pipeline = pipeline
        self._steps, self._guidance = sampling.given(*((4, 1.0) if sampling.distilled else (30, 5.0)))

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        (clip,) = clips
        size = clip.keyframes[0][1].shape[:2]
        video = [as_image(np.full((*size, 3), _GREY, np.uint8))] * clip.frames
        mask = [as_image(np.full(size, _HOLE, np.uint8))] * clip.frames
        for place, picture in clip.keyframes:
            video[place] = as_image(picture)
            mask[place] = as_image(np.full(size, _KEEP, np.uint8))
        return sample(
            self._pipeline,
            clips,
            on_step,
            video=video,
            mask=mask,
            num_inference_steps=self._steps,
            guidance_scale=self._guidance,
        )
