"""LTX-Video: between keyframes at exact frames (from 0.9.5 on), or from words and a first frame (GVSC)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from receiver.decoders.hf.clip import Clip, Family, Frames, OnStep, Sampling
from receiver.decoders.hf.pieces import ClipRules, EndPlace
from receiver.decoders.hf.sampling import as_image, sample
from semvid.profile import Given

# Model cards of the distilled checkpoints (0.9.7 and 0.9.8): eight steps, the last almost at zero.
_DISTILLED_TIMESTEPS = [1000, 993, 987, 981, 975, 909, 725, 0.03]
_DECODING = {"decode_timestep": 0.05, "decode_noise_scale": 0.025}


class LtxCondition(Family):
    """`LTXConditionPipeline`; and what its kin share.

    Attributes:
        default: steps and guidance of a checkpoint that is not distilled.
    """

    pipeline_class = "LTXConditionPipeline"
    index_classes: ClassVar[tuple[str, ...]] = ("LTXConditionPipeline",)
    end = EndPlace.ANYWHERE
    longest = 121  # up to 257 are said to work; memory grows with it
    pixels = 1216 * 704
    batches = True
    default: ClassVar[tuple[int, float]] = 30, 5.0  # diffusers' documentation of 0.9.7-dev

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        self.rules = ClipRules(
            pipeline.vae_temporal_compression_ratio,
            pipeline.vae_spatial_compression_ratio,
            self.longest,
            self.end,
        )
        self._pipeline = pipeline
        steps, guidance = self.default
        steps, self._guidance = sampling.given(steps, 1.0 if sampling.distilled else guidance)
        self._schedule: dict[str, Any] = {"num_inference_steps": steps}
        if sampling.distilled and sampling.steps is None:
            # its noise levels stay as they are: the scheduler shifts and stretches nothing
            pipeline.scheduler = type(pipeline.scheduler).from_config(
                pipeline.scheduler.config, use_dynamic_shifting=False, shift=1.0, shift_terminal=None
            )
            self._schedule = self._distilled_schedule()

    def _distilled_schedule(self) -> dict[str, Any]:
        return {"timesteps": _DISTILLED_TIMESTEPS}

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

        conditions = [
            LTXVideoCondition(
                image=[as_image(clip.keyframes[number][1]) for clip in clips], frame_index=place
            )
            for number, (place, _) in enumerate(clips[0].keyframes)
        ]
        rescaled = self._guidance > 1 and "timesteps" not in self._schedule
        return sample(
            self._pipeline,
            clips,
            on_step,
            conditions=conditions,
            frame_rate=clips[0].frame_rate,
            image_cond_noise_scale=0.0,  # the default of 0.15 blurs the keyframes that we were sent
            guidance_scale=self._guidance,
            guidance_rescale=0.7 if rescaled else 0.0,
            **_DECODING,
            **self._schedule,
        )


class LtxText(LtxCondition):
    """`LTXPipeline`, and `LTXImageToVideoPipeline` on the same parts where there is a first frame."""

    pipeline_class = "LTXPipeline"
    index_classes = ("LTXPipeline", "LTXImageToVideoPipeline")
    draws_from = frozenset({Given.FIRST_FRAME, Given.NOTHING})
    end = EndPlace.LAST
    longest = 161  # the pipeline's own default
    pixels = 704 * 512
    default = 50, 3.0

    def __init__(self, pipeline: Any, sampling: Sampling) -> None:
        from diffusers import LTXImageToVideoPipeline

        super().__init__(pipeline, sampling)
        self._from_image = LTXImageToVideoPipeline(**pipeline.components)
        self._from_image.set_progress_bar_config(disable=True)

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        pipeline = self._pipeline
        arguments: dict[str, Any] = {"guidance_scale": self._guidance, **_DECODING, **self._schedule}
        if clips[0].keyframes:
            images = [as_image(clip.keyframes[0][1]) for clip in clips]
            pipeline, arguments["image"] = self._from_image, images if len(images) > 1 else images[0]
        return sample(pipeline, clips, on_step, frame_rate=clips[0].frame_rate, **arguments)
