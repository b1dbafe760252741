"""Wan 2.1 FLF2V and 2.2 I2V A14B: first and last frame of the clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, ReadJson, Sampling
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample
from semvid.errors import InvalidInput

_THOSE_THAT_CAN = "Wan-AI/Wan2.1-FLF2V-14B-720P-diffusers or Wan-AI/Wan2.2-I2V-A14B-Diffusers"


class WanFirstLast(Family):
    """`WanImageToVideoPipeline` with ``last_image``."""

    pipeline_class = "WanImageToVideoPipeline"
    index_classes = ("WanImageToVideoPipeline",)
    longest = 81
    pixels = 1280 * 720
    batches = False  # keyframes of one clip per call
    float32 = ("vae", "image_encoder")

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        self.rules = ClipRules(
            pipeline.vae_scale_factor_temporal,
            pipeline.vae_scale_factor_spatial
            * (pipeline.transformer or pipeline.transformer_2).config.patch_size[1],
            self.longest,
            EndPlace.LAST,
        )
        self._pipeline = pipeline
        two_experts = pipeline.transformer_2 is not None
        if sampling.distilled:
            self._steps, self._guidance = sampling.given(4, 1.0)
        else:  # model cards of 2.2 and of 2.1
            self._steps, self._guidance = sampling.given(*((40, 3.5) if two_experts else (50, 5.5)))

    @staticmethod
    def check(index: dict[str, Any], read: ReadJson) -> None:
        """Refuses the checkpoints of this class that know a first frame only."""
        if index.get("expand_timesteps"):
            raise InvalidInput(
                f"this Wan checkpoint (TI2V-5B) ignores the end keyframe; take {_THOSE_THAT_CAN}"
            )
        if (index.get("image_encoder") or [None])[0] is not None:
            transformer = read("transformer/config.json") or {}
            if transformer.get("pos_embed_seq_len") is None:
                raise InvalidInput(
                    f"this Wan 2.1 checkpoint was made for a first frame only; take {_THOSE_THAT_CAN}"
                )

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
            num_inference_steps=self._steps,
            guidance_scale=self._guidance,
        )
