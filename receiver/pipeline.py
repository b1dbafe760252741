"""From gaps to the MP4: the frames of one video, each exactly once, in order, at its exact time.

`receiver.regeneration` makes the pictures. Here are the threads, the MP4 and the books: several gaps are
decoded at a time, by threads shared with all other videos, and written in order.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from functools import lru_cache

import structlog

from receiver.animators.animator import Animator
from receiver.animators.warp import WARP
from receiver.decoders.decoder import Decoder
from receiver.gaps import Gap, Run
from receiver.live_video import LiveVideo
from receiver.record import VideoRecord
from receiver.regeneration import Regeneration
from receiver.settings import ReceiverSettings
from receiver.sound.track import SoundTrack
from receiver.sound.voices.voice import Voice
from receiver.video_files import VideoFiles
from semvid.errors import Cancelled, SemvidError
from semvid.images.finishing import finished
from semvid.images.restorer import Coding, Restorer
from semvid.images.types import Picture
from semvid.semantics import SoundHeader, SoundPackets, StreamHeader
from semvid.service.prefetch import Prefetch
from semvid.service.tracing import NO_SPAN, Span
from semvid.sound.pcm import SAMPLE_RATE
from semvid.video.timing import Clock, nominal_hold
from semvid.video.writer import VideoWriter

_log = structlog.get_logger(__name__)


class Pipeline:
    """Makes one video, in a thread of its own.

    Args:
        header: of the stream.
        files: where keyframes come from and the MP4 goes.
        record: kept up to date.
        decoder: regenerates.
        pool: threads for the decoder.
        settings: bounds.
        moved: called whenever a gap has left the queue, and at the end.
        restorer: of keyframes; None: none.
        voice: reads sound that came as text; None: nobody does.
        span: what the making of the video is a part of.
        live: where it is shown while it comes, and kept in part; None: it is kept whole.
        animator: makes portraits move.

    Attributes:
        error: why the video could not be made to its end; None as long as all is well.
    """

    def __init__(
        self,
        header: StreamHeader,
        files: VideoFiles,
        record: VideoRecord,
        decoder: Decoder,
        pool: Executor,
        settings: ReceiverSettings,
        moved: Callable[[], None],
        restorer: Restorer | None = None,
        voice: Voice | None = None,
        span: Span = NO_SPAN,
        live: LiveVideo | None = None,
        animator: Animator = WARP,
    ) -> None:
        self._span, self._live = span, live
        self.error: SemvidError | None = None
        self._header, self._files, self._record = header, files, record
        self._pool, self._settings, self._moved = pool, settings, moved
        self._queue: queue.SimpleQueue[Gap | None] = queue.SimpleQueue()
        self._closed = False
        self._hold: int | None = None
        self._sound: SoundTrack | None = None
        self._restorer, self._voice = restorer, voice
        self._codings: dict[int, Coding] = {}  # of keyframes that may be shown yet
        self._stopped = threading.Event()
        frame_bytes = header.width * header.height * 3
        self._buffer = max(1, settings.frame_buffer_bytes // (settings.segments_ahead * frame_bytes))
        self._loading = threading.Lock()  # gaps on both sides of a keyframe want it at the same time
        self._kept_keyframe = lru_cache(settings.segments_ahead + 2)(self._load_keyframe)
        self._regeneration = Regeneration(
            header,
            decoder,
            self._keyframe,
            self._note_progress,
            self._stopped.is_set,
            animator,
        )
        self._thread = threading.Thread(target=self._run, name=f"video-{record.id}", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Gaps that nobody works on yet."""
        return self._queue.qsize()

    @property
    def running(self) -> bool:
        """Whether frames may still be written."""
        return self._thread.is_alive()

    def note(self, number: int, coding: Coding) -> None:
        """Says how a keyframe was coded; before the gaps beside it are submitted."""
        self._codings[number] = coding

    def submit(self, gap: Gap) -> None:
        """Queues the next gap."""
        self._queue.put(gap)

    def hear(self, unit: SoundHeader | SoundPackets) -> None:
        """Takes sound; before the gaps that it is heard with, if it can be.

        Raises:
            MissingComponent: what decodes it is not installed.
            LimitExceeded: more of it waits than allowed.
        """
        if isinstance(unit, SoundHeader):
            self._sound = SoundTrack(unit, self._voice)
            self._record.sound = self._sound.record
        elif self._sound is not None:
            self._sound.add(unit)

    def close(self, hold: int | None = None) -> None:
        """No more gaps will come.

        Args:
            hold: how long the last frame is shown, in the header's time base; None: one step of its grid.
        """
        self._hold = hold
        self._queue.put(None)

    def stop(self) -> None:
        """Gives up after the present frame; what is written stays playable."""
        self._stopped.set()
        self._queue.put(None)

    def join(self) -> None:
        """Waits until nothing more is written."""
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._span.child("write MP4") as span:
                self._write_video()
                span.note(frames=self._record.frames_written)
        except SemvidError as error:
            self.error = error
        except OSError as error:
            self.error = SemvidError(f"the receiver cannot write the video: {error.strerror or error}")
            _log.error("video cannot be written", transmission_id=self._record.id, exc_info=error)
        except BaseException as error:
            self.error = SemvidError("the receiver failed unexpectedly while it made the video; see its log")
            _log.error("regeneration failed", transmission_id=self._record.id, exc_info=error)
        finally:
            self._stopped.set()  # lets pool threads go that still compute for this video
            self._record.in_flight.clear()
            self._moved()

    def _write_video(self) -> None:
        header, record = self._header, self._record
        clock = Clock(header)
        with ExitStack() as stack:
            writer: VideoWriter | None = None
            for gap, decoded in self._gaps_ahead():
                if writer is None:
                    writer = stack.enter_context(
                        VideoWriter(
                            self._files.mp4,
                            header.width,
                            header.height,
                            header.time_base,
                            frame_rate=header.frame_rate,
                            pixel_aspect=header.pixel_aspect,
                            sound_channels=0 if self._sound is None else self._sound.channels,
                            sink=self._live,
                            hdr=header.hdr,
                        )
                    )
                for timing in gap.timings:
                    clock.add(timing)
                for run, pictures in self._regeneration.runs(gap, decoded):
                    self._write_run(run, pictures, writer, clock)
                if decoded is not None:
                    record.clock.spend("regenerating", decoded.seconds)
                    record.in_flight.pop(gap.segment, None)
                if gap.end is not None:
                    self._forget(gap.end.number)
                if self._live is not None:
                    record.mp4_frames = self._live.mp4_frames
                self._files.save_now_and_then(record)
            if writer is not None:
                writer.hold_last(self._hold or nominal_hold(header, record.frames_written))
                self._write_sound(writer, ended=True)

    def _write_sound(self, writer: VideoWriter, ended: bool = False) -> None:
        """As much of it as there is picture, if it has come."""
        if self._sound is None or not writer.has_sound:
            return
        shown = round(writer.shown_s(ended) * SAMPLE_RATE)
        for pcm in self._sound.until(shown, ended):
            writer.append_sound(pcm)

    def _forget(self, number: int) -> None:
        """No keyframe before ``number`` will be shown any more."""
        for old in [one for one in list(self._codings) if one < number]:
            del self._codings[old]
            if self._live is not None:
                self._files.drop_picture(old - self._settings.live_keyframes)

    def _write_run(self, run: Run, pictures: Iterator[Picture], writer: VideoWriter, clock: Clock) -> None:
        self._files.add_run(run)
        written = 0
        for picture in pictures:
            if self._stopped.is_set():
                raise Cancelled("the receiver was stopped before the video was finished")
            with self._record.clock.stage("writing"):
                writer.append(picture, next(clock))
                self._write_sound(writer)
            self._record.frames_written += 1
            written += 1
        if written < len(run):  # the next run is the rest of this one
            self._files.cut_runs(run.first_frame + written)
        self._record.segments[run.provenance] += bool(written)

    def _gaps_ahead(self) -> Iterator[tuple[Gap, Prefetch[Picture] | None]]:
        """Gaps in order, each with its decoder under way, if it needs one; that of the next ones is too."""
        ahead: deque[tuple[Gap, Prefetch[Picture] | None]] = deque()
        while True:
            while len(ahead) < self._settings.segments_ahead:
                gap = self._take(wait=not ahead)
                if gap is None:
                    break
                ahead.append((gap, self._begin(gap)))
            if not ahead:
                return
            yield ahead.popleft()

    def _take(self, wait: bool) -> Gap | None:
        """The next gap; None if there is none, for now or, after waiting, for good."""
        if self._closed:
            return None
        try:
            gap = self._queue.get(block=wait)
        except queue.Empty:
            return None
        self._closed = gap is None
        if self._stopped.is_set():
            raise Cancelled("the receiver was stopped before the video was finished")
        self._moved()
        return gap

    def _begin(self, gap: Gap) -> Prefetch[Picture] | None:
        make = self._regeneration.decoding(gap)
        if make is None:
            return None

        def traced() -> Iterator[Picture]:
            with self._span.child("regenerate", segment=gap.segment):
                yield from make()

        return Prefetch(self._pool, traced, self._buffer, self._stopped.is_set)

    def _note_progress(self, segment: int, share: float) -> None:
        self._record.in_flight[segment] = round(share, 3)

    def _keyframe(self, number: int) -> Picture:
        with self._loading:
            return self._kept_keyframe(number)

    def _load_keyframe(self, number: int) -> Picture:
        """A keyframe at the size of the video, uint8 RGB [height, width, 3], read-only."""
        coded = self._files.keyframe_picture(number)
        picture = finished(coded, self._header, self._codings[number], self._restorer)
        picture.flags.writeable = False
        return picture
