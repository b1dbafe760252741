"""The decoder over a diffusers pipeline, whatever its family: plans, queues, cuts to length and size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import structlog

from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.hf.canvas import Canvas
from receiver.decoders.hf.checkpoint import Checkpoint, memory_explained
from receiver.decoders.hf.clip import Clip, Frames, OnStep, Sampling
from receiver.decoders.hf.clip_queue import ClipQueue
from receiver.decoders.hf.filling import fill, result
from receiver.decoders.hf.loading import load_pipeline
from receiver.decoders.hf.pieces import Piece, fixed_piece, pieces
from receiver.decoders.hf.prompt import prompt_for
from receiver.decoders.options import DecoderOptions
from receiver.gaps import segment_seed
from semvid.images.types import Picture
from semvid.profile import Profile

_FASTEST_SOURCE = 30.0  # frames per second at which the longest announced gap still fits one clip

Submit = Callable[[Clip, OnStep], Future[Frames]]

_log = structlog.get_logger(__name__)


class HfDecoder:
    """Regenerates with a pretrained pipeline; see `receiver.decoders.decoder.Decoder`.

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
            self._rules = self._rules.capped(options.frames)
        self._fixed = options.lengths == "sfa"
        self._pixels = pixels or min(options.pixels or family.pixels, family.pixels)
        self._batch = (options.batch or 1) if family.batches else 1
        self._queue = ClipQueue(self._make, self._batch)
        self.profile = Profile(
            name=f"hf:{model.rstrip('/').rsplit('/', 1)[-1]}",
            longest_gap_s=self._rules.longest_span / _FASTEST_SOURCE,
            draws_from=family.draws_from,
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
        self, request: SegmentRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Picture]:
        """See `receiver.decoders.decoder.Decoder`."""
        request.require(self.profile)
        canvas = Canvas(request.width, request.height, self._rules.size_grid, self._pixels)
        abandoned = False

        def submit(clip: Clip, on_step: OnStep) -> Future[Frames]:
            return self._queue.submit(clip, on_step, lambda: abandoned or cancelled())

        make = self._drawn if request.end is None else self._bridged
        try:
            for picture in make(request, canvas, submit, progress, cancelled):
                yield canvas.take(picture)
        finally:
            abandoned = True  # clips that nobody will fetch are not made

    def _bridged(
        self,
        request: SegmentRequest,
        canvas: Canvas,
        submit: Submit,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """Between two keyframes: pieces, coarse to fine where the gap is long."""
        start, end = request.both_ends(self.profile)
        span = request.span
        plan = [fixed_piece(span, self._rules)] if self._fixed else list(pieces(span, self._rules))
        total = sum(piece.frames for piece in plan)
        shares: dict[int, float] = {}
        prompt = prompt_for(request.caption, request.motion, request.frame_rate)

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
                frame_rate=request.frame_rate * speed,
                seed=segment_seed(request.seed, piece.start, piece.end),
            )
            return submit(clip, on_step)

        return fill(plan, canvas.put(start), canvas.put(end), span, begin, self._batch, cancelled)

    def _drawn(
        self,
        request: SegmentRequest,
        canvas: Canvas,
        submit: Submit,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[Picture]:
        """What nothing closes: one clip, rounded up to the model's lengths, whose tail is cut off.

        A segment longer than the longest clip (a source of more than 30 frames per second, or segments that a
        loss has joined) is made at fewer frames per second and its frames are shown more than once.
        """
        start, span, longest = request.start, request.span, self._rules.longest
        frames = longest if self._fixed else min(self._rules.frames_for(max(1, span)), longest)
        stretched = self._fixed or span > frames - 1
        speed = (frames - 1) / max(1, span) if stretched else 1.0
        clip = Clip(
            keyframes=() if start is None else ((0, canvas.put(start)),),
            frames=frames,
            prompt=prompt_for(request.caption, request.motion, request.frame_rate),
            frame_rate=request.frame_rate * speed,
            seed=request.seed,
            blank=(canvas.height, canvas.width) if start is None else None,
        )
        made = result(submit(clip, progress), cancelled)
        for frame in range(request.first, request.first + request.num_frames):
            yield made[round(frame * speed)]

    def _make(self, clips: Sequence[Clip], on_step: OnStep) -> list[Frames]:
        with memory_explained(self._model):
            return self._family.make(clips, on_step)
