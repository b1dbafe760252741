"""Wan 2.1 and 2.2 and their kin: SkyReels-V2, and VACE with its small Apache-2.0 checkpoints."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, ReadJson, Sampling
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample
from semvid.errors import InvalidInput
from semvid.profile import Given

_THOSE_THAT_CAN = "Wan-AI/Wan2.1-FLF2V-14B-720P-diffusers or Wan-AI/Wan2.2-I2V-A14B-Diffusers"
_SKYREELS_FLOW_SHIFT = 5.0  # with pictures; checkpoints come set for text alone, 8.0 (model card)
_KEEP, _HOLE, _GREY = 0, 255, 128  # of VACE's mask, and of the video where it has a hole


class WanText(Family):
    """`WanPipeline`, from words alone; and what its kin share. Defaults are those of the model cards."""

    pipeline_class = "WanPipeline"
    index_classes: ClassVar[tuple[str, ...]] = ("WanPipeline",)
    draws_from = frozenset({Given.NOTHING})
    end = EndPlace.LAST
    longest = 81
    pixels = 832 * 480
    batches = True
    float32: ClassVar[tuple[str, ...]] = ("vae",)

    def __init__(
        self,
        pipeline: Any,
        sampling: Sampling,
        default: tuple[int, float] = (50, 5.0),
        distilled: tuple[int, float] = (4, 1.0),  # the distilled LoRAs take four steps
    ) -> None:
        transformer = pipeline.transformer or pipeline.transformer_2
        self.rules = ClipRules(
            pipeline.vae_scale_factor_temporal,
            pipeline.vae_scale_factor_spatial * transformer.config.patch_size[1],
            self.longest,
            self.end,
        )
        self._pipeline = pipeline
        self._steps, self._guidance = sampling.given(*(distilled if sampling.distilled else default))

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        return sample(
            self._pipeline,
            clips,
            on_step,
            num_inference_steps=self._steps,
            guidance_scale=self._guidance,
            **self._keyframes(clips[0]),
        )

    def _keyframes(self, clip: Clip) -> dict[str, Any]:  # noqa: ARG002
        """The arguments that hand the keyframes over: those of one clip, the only one where there are any."""
        return {}


class WanFirstLast(WanText):
    """`WanImageToVideoPipeline` with ``last_image``: Wan 2.1 FLF2V and 2.2 I2V A14B."""

    pipeline_class = "WanImageToVideoPipeline"
    index_classes = ("WanImageToVideoPipeline",)
    draws_from = frozenset({Given.BOTH_ENDS})
    pixels = 1280 * 720
    batches = False
    float32 = ("vae", "image_encoder")

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        super().__init__(pipeline, sampling, (50, 5.5) if pipeline.transformer_2 is None else (40, 3.5))

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

    def _keyframes(self, clip: Clip) -> dict[str, Any]:
        (_, first), (_, last) = clip.keyframes
        return {"image": as_image(first), "last_image": as_image(last)}


class SkyReelsForcing(WanText):
    """`SkyReelsV2DiffusionForcingImageToVideoPipeline`: the end keyframe is held clean just behind the clip.

    The pipeline appends the end keyframe as one more latent and drops that latent at the end, so the keyframe
    belongs to the frame after the last.
    """

    pipeline_class = "SkyReelsV2DiffusionForcingImageToVideoPipeline"
    index_classes = ("SkyReelsV2DiffusionForcingImageToVideoPipeline", "SkyReelsV2DiffusionForcingPipeline")
    draws_from = frozenset({Given.BOTH_ENDS})
    end = EndPlace.BEHIND
    longest = 97
    pixels = 960 * 544
    batches = False

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        super().__init__(pipeline, sampling, distilled=(50, 5.0))
        scheduler = pipeline.scheduler
        pipeline.scheduler = type(scheduler).from_config(scheduler.config, flow_shift=_SKYREELS_FLOW_SHIFT)

    def _keyframes(self, clip: Clip) -> dict[str, Any]:
        (_, first), (_, last) = clip.keyframes
        return {
            "image": as_image(first),
            "last_image": as_image(last),
            "base_num_frames": clip.frames,
            "ar_step": 0,
            "addnoise_condition": 0,  # more draws noise from the global generator, whatever the seed
        }


class WanVace(WanText):
    """`WanVACEPipeline`: a video with holes, and a mask of what to fill.

    The pipeline shrinks the mask to the latents' rate by taking the nearest frame, which drops the mark of a
    single keyframe between latents; the keyframe still acts through the video.
    """

    pipeline_class = "WanVACEPipeline"
    index_classes = ("WanVACEPipeline",)
    draws_from = frozenset({Given.BOTH_ENDS})
    end = EndPlace.ANYWHERE
    batches = False

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        super().__init__(pipeline, sampling, (30, 5.0))

    def _keyframes(self, clip: Clip) -> dict[str, Any]:
        video = [as_image(np.full((*clip.size, 3), _GREY, np.uint8))] * clip.frames
        mask = [as_image(np.full(clip.size, _HOLE, np.uint8))] * clip.frames
        for place, picture in clip.keyframes:
            video[place] = as_image(picture)
            mask[place] = as_image(np.full(clip.size, _KEEP, np.uint8))
        return {"video": video, "mask": mask}
