"""LTX-2: keyframes at exact frames. It always makes sound too, which is dropped."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from receiver.decoders.hf.clip import Clip, Frames, OnStep
from receiver.decoders.hf.ltx import LtxCondition
from receiver.decoders.hf.sampling import as_image, sample

_UNGUIDED = {
    "stg_scale": 0.0,
    "modality_scale": 1.0,
    "audio_guidance_scale": 1.0,
    "audio_stg_scale": 0.0,
    "audio_modality_scale": 1.0,
    "spatio_temporal_guidance_blocks": None,
}
"""Without these every step takes up to four passes through the transformer."""


class Ltx2Condition(LtxCondition):
    """`LTX2ConditionPipeline`."""

    pipeline_class = "LTX2ConditionPipeline"
    index_classes = ("LTX2ConditionPipeline", "LTX2Pipeline", "LTX2ImageToVideoPipeline")
    batches = False  # keyframes are encoded once for the whole batch
    default = 30, 3.0

    def _distilled_schedule(self) -> dict[str, Any]:
        from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES

        return {"sigmas": DISTILLED_SIGMA_VALUES, "num_inference_steps": len(DISTILLED_SIGMA_VALUES)}

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """See `receiver.decoders.hf.clip.Family.make`."""
        from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

        (clip,) = clips
        # crf: the pipeline would compress keyframes once more, as its training data was; ours were already
        conditions = [
            LTX2VideoCondition(frames=as_image(picture), index=min(place, 1), crf=0)
            for place, picture in clip.keyframes
        ]
        with _exact_places(self._pipeline, [place for place, _ in clip.keyframes if place]):
            return sample(
                self._pipeline,
                clips,
                on_step,
                conditions=conditions,
                frame_rate=clip.frame_rate,
                guidance_scale=self._guidance,
                **(_UNGUIDED if self._guidance <= 1 else {}),
                **self._schedule,
            )


@contextmanager
def _exact_places(pipeline: Any, places: Sequence[int]) -> Iterator[None]:
    """Puts the keyframes after the first at exact frames while the pipeline runs.

    `LTX2VideoCondition.index` counts latents, and latent ``i`` is put at frame ``8 (i - 1) + 1``: of 121
    frames the last that can be reached is frame 113 (diffusers 0.42). Lightricks' own code takes a frame. So
    each keyframe is handed over at latent 1 and its frame is replaced where coordinates are made from it.
    """
    original, remaining = pipeline._prepare_keyframe_coords, iter(places)

    def at_exact_place(**arguments: Any) -> Any:
        return original(**{**arguments, "pixel_frame_idx": next(remaining)})

    pipeline._prepare_keyframe_coords = at_exact_place
    try:
        yield
    finally:
        del pipeline._prepare_keyframe_coords
