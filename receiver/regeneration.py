"""From gaps to pictures: every frame of the video, once, in order, and where it comes from.

Pure: no threads, no files, no clock. `receiver.gaps` plans runs of frames. Keyframes are copied and held;
what lies between them is the decoder's. What it could not make in two attempts is concealed and said to be.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, repeat

import numpy as np
import structlog

from receiver.animators.animator import AnimationRequest, Animator
from receiver.animators.warp import WARP
from receiver.decoders.decoder import Decoder, SegmentRequest
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.gaps import Fill, Gap, Provenance, Run, plan, segment_seed
from semvid.errors import Cancelled, SemvidError
from semvid.images.types import Picture
from semvid.semantics import StreamHeader

_DECODED = (Fill.BRIDGE, Fill.DRAW)

_log = structlog.get_logger(__name__)


class RegenerationFailed(SemvidError):
    """A segment could not be regenerated, twice; the message says why."""


class Regeneration:
    """The regeneration of one video. Gaps are shown one at a time, in order; `decoding` may run ahead.

    Args:
        header: of the stream.
        decoder: regenerates.
        keyframe: the decoded keyframe of a number, at the size of the video, uint8 RGB [height, width, 3].
        progress: told the number of a segment and the share of it that the decoder has done, 0..1.
        cancelled: when it turns true, whatever is being made raises `Cancelled`.
        animator: makes portraits move.

    Attributes:
        failure: why the decoder's latest failure was one; None if it has not failed.
    """

    def __init__(
        self,
        header: StreamHeader,
        decoder: Decoder,
        keyframe: Callable[[int], Picture],
        progress: Callable[[int, float], None] = lambda _segment, _share: None,
        cancelled: Callable[[], bool] = lambda: False,
        animator: Animator = WARP,
    ) -> None:
        self._animator = animator
        self.failure: RegenerationFailed | None = None
        self._header, self._decoder, self._keyframe = header, decoder, keyframe
        self._progress, self._cancelled = progress, cancelled
        self._shown: Picture | None = None  # latest frame

    def decoding(self, gap: Gap) -> Callable[[], Iterator[Picture]] | None:
        """What the decoder makes of ``gap``, to be called in any thread; None where it is not needed.

        The iterator that it gives is lazy; where the decoder fails, a second attempt goes on. If that fails
        too, or gives too few frames or too many, the iterator raises `RegenerationFailed`.
        """
        runs = plan(gap, self._decoder.profile.draws_from)
        run = next((run for run in runs if run.fill in _DECODED), None)  # no gap has more than one
        return None if run is None else partial(_twice, partial(self._attempt, gap, run), len(run))

    def runs(
        self, gap: Gap, decoded: Iterable[Picture] | None = None
    ) -> Iterator[tuple[Run, Iterator[Picture]]]:
        """The runs of ``gap`` in order, each with its pictures; exhaust those before you take the next run.

        A run whose decoder fails has fewer pictures than frames; the run that follows is the rest of it,
        concealed.

        Args:
            gap: the one after that of the last call.
            decoded: what `decoding` gave when it was called; None: it is made here and now.

        Raises:
            Cancelled: it was stopped.
        """
        for run in plan(gap, self._decoder.profile.draws_from):
            if run.fill in _DECODED:
                if decoded is None:
                    decoded = _twice(partial(self._attempt, gap, run), len(run))
                yield from self._decoded(gap, run, decoded)
            elif run.fill is Fill.ANIMATE:
                animated = _twice(partial(self._animated, gap, run), len(run))
                yield from self._decoded(gap, run, animated)
            else:
                anchor = gap.start if run.fill is Fill.HOLD_START else gap.end
                assert anchor is not None
                yield run, self._noted(repeat(self._keyframe(anchor.number), len(run)))

    def _decoded(
        self, gap: Gap, run: Run, decoded: Iterable[Picture]
    ) -> Iterator[tuple[Run, Iterator[Picture]]]:
        made, last, failure = 0, None, None

        def until_it_fails() -> Iterator[Picture]:
            nonlocal made, last, failure
            try:
                for last in self._noted(decoded):
                    made += 1
                    yield last
            except RegenerationFailed as error:
                failure = self.failure = error

        yield run, until_it_fails()
        if failure is not None and made < len(run):
            rest = replace(
                run,
                first_frame=run.first_frame + made,
                provenance=Provenance.CONCEALED,
                reason="; ".join(filter(None, (run.reason, str(failure)))),
            )
            yield rest, self._noted(self._concealed(gap, rest, last))

    def _attempt(self, gap: Gap, run: Run) -> Iterator[Picture]:
        """The decoder's frames of ``run``; one that is drawn has no end."""
        first, last, end = run.first_frame, run.stop_frame, None
        if run.fill is Fill.BRIDGE:
            assert gap.start is not None
            assert gap.end is not None
            first, last, end = gap.start.frame, gap.end.frame, self._keyframe(gap.end.number)
        request = SegmentRequest(
            start=self._start_of(gap),
            end=end,
            width=self._header.width,
            height=self._header.height,
            caption=gap.caption,
            motion=gap.motion,
            num_frames=len(run),
            frame_rate=float(self._header.frame_rate),
            seed=segment_seed(self._header.seed, first, last),
        )
        return self._decoder.generate(request, partial(self._progress, run.segment), self._cancelled)

    def _animated(self, gap: Gap, run: Run) -> Iterator[Picture]:
        assert gap.start is not None
        assert gap.face is not None
        start, end = gap.start.frame, None
        if gap.end is not None and gap.end_face is not None:
            end = self._keyframe(gap.end.number), gap.end_face
        request = AnimationRequest(
            start=self._keyframe(gap.start.number),
            face=gap.face,
            end=end,
            offsets=range(run.first_frame - start, run.stop_frame - start),
            span=gap.stop_frame - start,
            frame_rate=float(self._header.frame_rate),
            seed=segment_seed(self._header.seed, start, gap.stop_frame),
        )
        return self._animator.animate(request, self._cancelled)

    def _concealed(self, gap: Gap, run: Run, last: Picture | None) -> Iterator[Picture]:
        """What the embedded decoder makes of ``run``, from the ``last`` frame that there is.

        A segment that no picture closes is held; one for which there is no picture at all goes on with what
        was shown before it, and is grey at the beginning of the video.
        """
        header = self._header
        if last is None:
            last = self._start_of(gap)
        if last is None:
            last = self._shown
        if last is None:
            last = np.full((header.height, header.width, 3), 128, np.uint8)
        if gap.end is None or not gap.end.pictured or gap.end.shot_start:
            return repeat(last, len(run))
        end, rate = self._keyframe(gap.end.number), float(header.frame_rate)
        request = SegmentRequest(last, end, header.width, header.height, "", None, len(run), rate, seed=0)
        return EmbeddedDecoder().generate(request, lambda _: None, self._cancelled)

    def _start_of(self, gap: Gap) -> Picture | None:
        start = gap.start
        return self._keyframe(start.number) if start is not None and start.pictured else None

    def _noted(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        for picture in pictures:
            self._shown = picture
            yield picture


def _twice(attempt: Callable[[], Iterator[Picture]], count: int) -> Iterator[Picture]:
    """Yields the ``count`` pictures that ``attempt`` yields; where it fails, a second one goes on.

    Both give the same pictures, as far as they get (`Decoder.generate`).
    """
    yielded = 0
    for number in (1, 2):
        try:
            for picture in islice(attempt(), yielded, None):
                if yielded == count:
                    raise RuntimeError(f"the decoder gave more than {count} frames")
                yield picture
                yielded += 1
            if yielded == count:
                return
            raise RuntimeError(f"the decoder gave {yielded} of {count} frames")
        except Cancelled:
            raise
        except Exception as error:
            _log.warning("regeneration failed", attempt=number, frames_made=yielded, exc_info=error)
            if number == 2:
                reason = str(error) if isinstance(error, SemvidError) else f"{type(error).__name__}: {error}"
                raise RegenerationFailed(f"regeneration failed twice: {reason}") from error
