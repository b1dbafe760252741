"""Any diffusers pipeline that makes a video between two pictures: ``hf:ID-OR-PATH``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace

import structlog

from receiver.decoders.hf.canvas import Canvas
from receiver.decoders.hf.checkpoint import Checkpoint, memory_explained
from receiver.decoders.hf.clip import Clip, Frames, OnStep, Sampling
from receiver.decoders.hf.clip_queue import ClipQueue
from receiver.decoders.hf.filling import fill
from receiver.decoders.hf.loading import load_pipeline
from receiver.decoders.hf.pieces import Piece, fixed_piece, pieces
from receiver.decoders.hf.prompt import prompt_for
from receiver.decoders.options import DecoderOptions
from receiver.gaps import segment_seed
from semvid.images.types import Picture
from semvid.profile import Profile

_FASTEST_SOURCE = 30.0  # frames per second at which the longest announced gap still fits one clip

_log = structlog.get_logger(__name__)


class HfDecoder:
    """Regenerates with a pretrained pipeline; see `receiver.decoders.Decoder`.

    A gap of any length is planned in `pieces`, on a `canvas` that the model can paint, and made by the one
    pipeline, one batch at a time (`clip_queue`).

    The announced gap is one clip's length at 30 frames per second. The announced motion is an expectation,
    not a measurement: no weights could be had where this was written.

    Args:
        model: path of a folder, or id on the hub.
        options: how to load and run it.

    Raises:
        InvalidInput, MissingComponent, LimitExceeded: it cannot be loaded here; says what to do.
    """

    uses_captions = True

    def __init__(self, model: str, options: DecoderOptions = DecoderOptions()) -> None:  # noqa: B008
        self._arguments = model, options
        pixels = options.pixels  # a preset's are no reason to go beyond what the model was made for
        options = options.with_preset()
        checkpoint = Checkpoint(model)
        distilled = checkpoint.is_distilled if options.distilled is None else options.distilled
        pipeline = load_pipeline(checkpoint, options)
        family = checkpoint.family
        self._model = checkpoint.model
        self._family = family(pipeline, Sampling(options.steps, options.guidance, distilled))
        self._rules = self._family.rules
        if options.frames is not None:
            self._rules = replace(self._rules, longest=self._rules.floor(options.frames))
        self._lengths = options.lengths
        self._pixels = pixels or min(options.pixels or family.pixels, family.pixels)
        self._batch = (options.batch or 1) if family.batches else 1
        self._queue = ClipQueue(self._make, self._batch)
        self.profile = Profile(
            name=f"hf:{model.rstrip('/').rsplit('/', 1)[-1]}",
            longest_gap_s=self._rules.longest_span / _FASTEST_SOURCE,
            largest_motion=0.5,
            frame_grid=self._rules.frame_grid,
            size_grid=self._rules.size_grid,
        )
        _log.info(
            "decoder loaded",
            model=model,
            pipeline=family.pipeline_class,
            distilled=distilled,
            batch=self._batch,
        )

    def __reduce__(self) -> tuple[type[HfDecoder], tuple[str, DecoderOptions]]:
        return HfDecoder, self._arguments

    def generate(
        self,
        start: Picture,
        end: Picture,
        caption: str,
        motion: float | None,
        num_frames: int,
        frame_rate: float,
        seed: int,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """Yields ``num_frames`` pictures between ``start`` and ``end``; see `receiver.decoders.Decoder`."""
        height, width = start.shape[:2]
        canvas = Canvas(width, height, self._rules.size_grid, self._pixels)
        span = num_frames + 1
        plan = [fixed_piece(span, self._rules)] if self._lengths == "sfa" else list(pieces(span, self._rules))
        total = sum(piece.frames for piece in plan)
        shares: dict[int, float] = {}
        prompt = prompt_for(caption, motion, frame_rate)
        abandoned = False

        def begin(piece: Piece, first: Picture, last: Picture) -> Future[Frames]:
            number = len(shares)
            shares[number] = 0.0

            def on_step(share: float) -> None:
                shares[number] = share * piece.frames
                progress(sum(shares.values()) / total)

            # a coarse clip is a time lapse; told its true rate, a model would have to dream for minutes
            speed = 1.0 if piece.coarse else piece.pin / (piece.end - piece.start)
            clip = Clip(
                keyframes=((0, first), (piece.pin, last)),
                frames=piece.frames,
                prompt=prompt,
                frame_rate=frame_rate * speed,
                seed=segment_seed(seed, piece.start, piece.end),
            )
            return self._queue.submit(clip, on_step, lambda: abandoned or cancelled())

        try:
            for picture in fill(
                plan, canvas.put(start), canvas.put(end), span, begin, self._batch, cancelled
            ):
                yield canvas.take(picture)
        finally:
            abandoned = True  # clips that nobody will fetch are not made

    def _make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        with memory_explained(self._model):
            return self._family.make(clips, on_step)
