"""Diffusers pipelines that need no second picture, or none at all: ``hf:ID-OR-PATH`` of their kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import structlog

from receiver.decoders.hf.canvas import Canvas
from receiver.decoders.hf.checkpoint import Checkpoint, memory_explained
from receiver.decoders.hf.clip import Clip, Frames, OnStep, Sampling
from receiver.decoders.hf.clip_queue import ClipQueue
from receiver.decoders.hf.filling import result
from receiver.decoders.hf.loading import load_pipeline
from receiver.decoders.hf.prompt import prompt_for
from receiver.decoders.options import DecoderOptions
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.profile import Profile

_FASTEST_SOURCE = 30.0  # frames per second at which the longest announced segment still fits one clip

_log = structlog.get_logger(__name__)


class HfDrawer:
    """Draws segments from captions; see `receiver.decoders.Drawer`.

    A segment is one clip, rounded up to the model's grid of lengths, whose tail is cut off. One that is
    longer than the model's longest clip (a source of more than 30 frames per second, or segments that a loss
    has joined) is made at fewer frames per second and its frames are shown more than once.

    Args:
        model: path of a folder, or id on the hub.
        options: how to load and run it.

    Raises:
        InvalidInput, MissingComponent, LimitExceeded: it cannot be loaded here; says what to do.
    """

    uses_captions = True

    def __init__(self, model: str, options: DecoderOptions = DecoderOptions()) -> None:  # noqa: B008
        self._arguments = model, options
        options = options.with_preset()
        checkpoint = Checkpoint(model)
        family: Any = checkpoint.family
        distilled = checkpoint.is_distilled if options.distilled is None else options.distilled
        pipeline = load_pipeline(checkpoint, options)
        self._model = checkpoint.model
        self._family = family(pipeline, Sampling(options.steps, options.guidance, distilled))
        self._rules = self._family.rules
        if options.frames is not None:
            self._rules = replace(self._rules, longest=self._rules.floor(options.frames))
        self._fixed = options.lengths == "sfa"
        self._pixels = min(options.pixels or family.pixels, family.pixels)
        self._queue = ClipQueue(self._make, (options.batch or 1) if family.batches else 1)
        self.profile = Profile(
            name=f"hf:{model.rstrip('/').rsplit('/', 1)[-1]}",
            longest_gap_s=self._rules.longest_span / _FASTEST_SOURCE,
            largest_motion=0.5,
            frame_grid=self._rules.frame_grid,
            size_grid=self._rules.size_grid,
            draws_from=family.draws_from,
        )
        _log.info("decoder loaded", model=model, pipeline=family.pipeline_class, distilled=distilled)

    def __reduce__(self) -> tuple[type[HfDrawer], tuple[str, DecoderOptions]]:
        return HfDrawer, self._arguments

    def generate(self, *arguments: Any, **named: Any) -> Iterator[Picture]:  # noqa: ARG002
        """Refuses: no stream that asks for it is accepted (`Profile.require`)."""
        raise InvalidInput(f"decoder {self.profile.name} cannot make a video between two pictures")

    def draw(
        self,
        start: Picture | None,
        width: int,
        height: int,
        caption: str,
        motion: float | None,
        num_frames: int,
        frame_rate: float,
        seed: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """Yields ``num_frames`` pictures; see `receiver.decoders.Drawer`."""
        canvas = Canvas(width, height, self._rules.size_grid, self._pixels)
        first = 0 if start is None else 1
        span = num_frames - 1 + first
        longest: int = self._rules.longest
        frames = longest if self._fixed else min(self._rules.frames_for(max(1, span)), longest)
        stretched = self._fixed or span > frames - 1
        speed = (frames - 1) / max(1, span) if stretched else 1.0
        abandoned = False
        clip = Clip(
            keyframes=() if start is None else ((0, canvas.put(start)),),
            frames=frames,
            prompt=prompt_for(caption, motion, frame_rate),
            frame_rate=frame_rate * speed,
            seed=seed,
            blank=(canvas.height, canvas.width) if start is None else None,
        )
        future = self._queue.submit(clip, progress, lambda: abandoned or cancelled())
        try:
            made = result(future, cancelled)
            for frame in range(first, first + num_frames):
                yield canvas.take(made[round(frame * speed)])
        finally:
            abandoned = True

    def _make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        with memory_explained(self._model):
            made: list[Frames] = self._family.make(clips, on_step)
            return made
