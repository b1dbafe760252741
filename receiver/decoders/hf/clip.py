"""A clip that a pipeline is asked for, and what every family of pipelines offers.

One file per family of checkpoints: `ltx`, `ltx2`, `wan`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from receiver.decoders.hf.pieces import ClipRules, EndPlace
from semvid.errors import LimitExceeded
from semvid.images.types import Picture
from semvid.profile import Given

Frames = NDArray[np.uint8]  # RGB [frames, height, width, 3]
OnStep = Callable[[float], None]  # told the share done after each step; may raise
ReadJson = Callable[[str], dict[str, Any] | None]  # a file of the checkpoint by its path; None if not there


class OutOfMemory(LimitExceeded):
    """The GPU's memory does not suffice."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One clip.

    Attributes:
        keyframes: index and picture of each, in order; the first is at 0. All of one size, on the model's
            grid. Empty where the clip is drawn from its prompt alone.
        frames: length; on the model's grid.
        prompt: what happens, in words.
        frame_rate: frames per second.
        seed: of every random draw, 0 .. 2**64 - 1.
        blank: height and width where there is no keyframe.
    """

    keyframes: tuple[tuple[int, Picture], ...]
    frames: int
    prompt: str
    frame_rate: float
    seed: int
    blank: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels."""
        if self.blank is not None:
            return self.blank
        height, width = self.keyframes[0][1].shape[:2]
        return height, width

    @property
    def shape(self) -> tuple[Any, ...]:
        """Clips for which this is equal can be made together."""
        places = tuple(index for index, _ in self.keyframes)
        return self.frames, places, self.frame_rate, self.size


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a clip is sampled; None: the family's default.

    Attributes:
        steps: denoising steps.
        guidance: classifier-free guidance scale.
        distilled: the checkpoint was made for few steps without guidance.
    """

    steps: int | None = None
    guidance: float | None = None
    distilled: bool = False

    def given(self, steps: int, guidance: float) -> tuple[int, float]:
        """Steps and guidance, with these defaults."""
        return (
            steps if self.steps is None else self.steps,
            guidance if self.guidance is None else self.guidance,
        )


class Family(Protocol):
    """The pipelines of one class. Made from a loaded pipeline; one thread at a time.

    Attributes:
        pipeline_class: name of the class in diffusers.
        index_classes: names in ``model_index.json`` of checkpoints whose parts this class can take.
        draws_from: what its clips can be drawn from.
        end: where in a clip it takes the end keyframe.
        longest: frames of the longest clip that it was made for.
        pixels: per frame that it was made for.
        batches: several clips with keyframes of their own can be made together.
        float32: parts of the pipeline that need float32.
        rules: what clips it makes.
    """

    pipeline_class: ClassVar[str]
    index_classes: ClassVar[tuple[str, ...]]
    draws_from: ClassVar[frozenset[Given]] = frozenset({Given.BOTH_ENDS})
    end: ClassVar[EndPlace]
    longest: ClassVar[int]
    pixels: ClassVar[int]
    batches: ClassVar[bool] = False
    float32: ClassVar[tuple[str, ...]] = ()
    rules: ClipRules

    def __init__(self, pipeline: Any, sampling: Sampling) -> None: ...

    @staticmethod
    def check(index: dict[str, Any], read: ReadJson) -> None:  # noqa: ARG004
        """Refuses a checkpoint of the right class that cannot do this, before weights are loaded.

        Args:
            index: its ``model_index.json``.
            read: reads another of its files.

        Raises:
            InvalidInput: it cannot.
        """
        return

    def make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        """Makes clips of equal `Clip.shape`; more than one only if `batches`."""
        ...
