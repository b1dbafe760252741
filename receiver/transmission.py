"""One transmission: symbols in; keyframes, captions and gaps out."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import structlog

from receiver.animators.animator import Animator
from receiver.animators.warp import WARP
from receiver.assembly import AssemblyLimits
from receiver.constellation import Constellation
from receiver.decoders.decoder import Decoder
from receiver.gain_track import GainTrack
from receiver.gaps import Gap
from receiver.live_video import LiveVideo
from receiver.pipeline import Pipeline
from receiver.reception import ReceivedKeyframe, StreamReceiver
from receiver.record import AnswerRecord, State, TokenRecord, VideoRecord
from receiver.settings import ReceiverSettings
from receiver.sound.voices.voice import Voice
from receiver.token_pictures import TokenTally
from receiver.video_files import VideoFiles
from receiver.whep.audience import Audience
from semvid.answers import TaskAnswer, TaskHeader
from semvid.errors import LimitExceeded, SemvidError, TransmissionFailed
from semvid.images.restorer import Restorer
from semvid.link.symbols import unpack_symbols
from semvid.phy.block import Reception
from semvid.phy.realised_snr import RealisedSnr
from semvid.profile import Given
from semvid.semantics import Caption, SoundHeader, SoundPackets, StreamEnd, StreamHeader, Unit
from semvid.service.tracing import NO_SPAN, Span
from semvid.tokens.model import TokenModel
from semvid.waveform import SINGLE_CARRIER, Waveform

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What arrived: frames that the video will have, whether that is all there was, and over what SNR."""

    frames: int
    complete: bool
    realised_snr_db: float | None


class Transmission:
    """Everything between the link and the regeneration of one video. Blocking; one thread at a time.

    Args:
        files, record: of the video.
        decoder, pool: regenerate.
        settings: bounds.
        moved: called, from any thread, when a gap has left the queue.
        restorer: of keyframes; None: none.
        voice: reads sound that came as text; None: nobody does.
        tokens: makes pictures of tokens; None: nobody does.
        waveform: how its bursts were sent.
        window: blocks that the sender may have under way at once.
        span: what the making of the video is a part of.
        animator: makes portraits move.

    Attributes:
        audience: who watches a live video.
    """

    def __init__(
        self,
        files: VideoFiles,
        record: VideoRecord,
        decoder: Decoder,
        pool: Executor,
        settings: ReceiverSettings,
        moved: Callable[[], None],
        restorer: Restorer | None = None,
        voice: Voice | None = None,
        tokens: TokenModel | None = None,
        waveform: Waveform = SINGLE_CARRIER,
        window: int = 1,
        span: Span = NO_SPAN,
        animator: Animator = WARP,
    ) -> None:
        self._span, self._animator = span, animator
        self.record = record
        self.constellation = Constellation()
        self.gains = GainTrack(waveform)
        self.pipeline: Pipeline | None = None
        self.audience = Audience()
        self._snr, self._waveform = RealisedSnr(), waveform
        settings = settings.for_live() if record.live else settings
        self._files, self._decoder, self._pool, self._settings = files, decoder, pool, settings
        self._moved, self._restorer, self._voice = moved, restorer, voice
        limits = AssemblyLimits(settings.max_units, settings.max_frames, settings.max_pixels)
        log = _log.bind(transmission_id=record.id)
        self._stream = StreamReceiver(limits, decoder.uses_captions, log, waveform, window, tokens)

    @property
    def crowded(self) -> bool:
        """Whether as many gaps wait to be regenerated as may."""
        return (
            self.pipeline is not None
            and self.pipeline.running
            and self.pipeline.backlog >= self._settings.queue_length
        )

    def take(self, data: bytes) -> Reception:
        """Receives one burst.

        Args:
            data: its symbols as `semvid.link.symbols.pack_symbols` makes them.

        Returns:
            What became of it; a payload that makes no sense counts as failed.

        Raises:
            InvalidInput: symbols or units that the protocol does not allow.
            LimitExceeded: one of the bounds was passed.
            SemvidError: the video cannot be made.
        """
        record = self.record
        if self.pipeline is not None and self.pipeline.error is not None:
            raise self.pipeline.error
        if record.bursts_received >= self._settings.max_bursts:
            raise LimitExceeded(
                f"the transmission has more than {self._settings.max_bursts} bursts; split the video"
            )
        symbols = unpack_symbols(data)
        record.bursts_received += 1
        record.symbols_received += self._waveform.on_air(len(symbols))
        try:
            with record.clock.stage("receiving"):
                reception = self._stream.receive(symbols)
            record.snr_db = round(reception.snr_db, 2)
            record.effective_snr_db = round(reception.effective_snr_db, 2)
            self._snr.add(reception.power)
            if self._snr.snr_db is not None:
                record.realised_snr_db = round(self._snr.snr_db, 2)
            record.known_symbols = self._snr.known
            self.constellation.add(reception)
            self.gains.add(reception.power.symbols, reception.gain_power)
        finally:
            self._keep_what_arrived()
        self._files.save_now_and_then(record)
        return reception

    def end(self, broken: SemvidError | None) -> Summary:
        """No more bursts come. What arrived will be regenerated.

        Args:
            broken: why the stream broke off; None when the sender closed it.
        """
        self._stream.close()
        self._keep_what_arrived()
        self._submit(self._stream.finish())
        self._update_record()
        assembly, sheet = self._stream.assembly, self._stream.sheet
        if sheet.begun:
            if not sheet.complete:
                self.record.fail(broken or TransmissionFailed("not all answers arrived"))
        elif assembly.end is None:
            what = "the end of the stream did not arrive; the video stops at the last keyframe that did"
            if assembly.header is None:  # without it no other unit counts
                what = "the stream header did not arrive, and the end of the stream did not arrive either"
            self.record.fail(broken or TransmissionFailed(what))
        self._files.save_constellation(self.constellation.to_json())
        self._files.save_gains(self.gains.to_json())
        self.record.state = State.REGENERATING
        self._files.save(self.record)
        if self.pipeline is not None:
            self.pipeline.close(None if assembly.end is None else assembly.end.hold)
        complete = sheet.complete if sheet.begun else assembly.complete
        return Summary(assembly.frames_known, complete, self.record.realised_snr_db)

    def settle(self) -> None:
        """Waits until the video is finished and makes its record final. After `end`."""
        record, pipeline = self.record, self.pipeline
        if pipeline is not None:
            pipeline.join()
        self.audience.end()
        if pipeline is not None and pipeline.error is not None:
            self._files.salvage(record, pipeline.error)
            return
        if not record.frames_written and not record.answers:
            record.fail(TransmissionFailed("nothing can be shown: no keyframe could be decoded"))
            record.state = State.FAILED
        else:
            record.state = State.TRUNCATED if record.error else State.SUCCEEDED
        self._files.save(record)

    def stop(self) -> None:
        """Gives up regeneration; from any thread."""
        if self.pipeline is not None:
            self.pipeline.stop()

    def _keep_what_arrived(self) -> None:
        try:
            for unit in self._stream.units():
                self._note(unit)
            with self.record.clock.stage("keyframes"):
                self._files.note_keyframes([self._keep(keyframe) for keyframe in self._stream.keyframes()])
            self._submit(self._stream.gaps())
        finally:
            self._update_record()

    def _keep(self, keyframe: ReceivedKeyframe) -> dict[str, Any]:
        assert self.pipeline is not None
        self.pipeline.note(keyframe.number, keyframe.coding)
        if keyframe.tokens is not None:
            self._count_tokens(keyframe.tokens)
        return self._files.keep_picture(keyframe)

    def _count_tokens(self, tally: TokenTally) -> None:
        record = self.record.tokens = self.record.tokens or TokenRecord()
        record.received, record.drawn = record.received + tally.received, record.drawn + tally.drawn

    def _note(self, unit: Unit) -> None:
        match unit:
            case StreamHeader():
                self._begin_video(unit)
            case SoundHeader() | SoundPackets():
                assert self.pipeline is not None
                self.pipeline.hear(unit)
            case Caption():
                self._files.add_caption(unit)
            case StreamEnd():
                self.record.frames_expected = unit.frames
            case TaskHeader() | TaskAnswer():
                self._note_answers()

    def _note_answers(self) -> None:
        sheet = self._stream.sheet
        self.record.answers_expected = sheet.header.answers if sheet.header else len(sheet.answers)
        self.record.answers = [AnswerRecord.of(n, one) for n, one in sorted(sheet.answers.items())]

    def _begin_video(self, header: StreamHeader) -> None:
        self._decoder.profile.require(header.given)
        record = self.record
        record.width, record.height = header.width, header.height
        record.coding = header.coding.value
        record.pixel_aspect = f"{header.pixel_aspect.numerator}:{header.pixel_aspect.denominator}"
        record.hdr = "" if header.hdr is None else header.hdr.transfer.name
        record.frame_rate = round(float(header.frame_rate), 6)
        record.synthesiser = self._decoder.profile.synthesiser
        if self._restorer is not None and header.restoration:
            record.restorer = self._restorer.name
        elif header.restoration:
            _log.warning(
                "sender wants keyframes restored, and there is no restorer", transmission_id=record.id
            )
        self.pipeline = Pipeline(
            header,
            self._files,
            record,
            self._decoder,
            self._pool,
            self._settings,
            self._moved,
            self._restorer,
            self._voice,
            self._span,
            self._live_video() if record.live else None,
            self._animator,
        )

    def _live_video(self) -> LiveVideo:
        settings = self._settings
        bounds = settings.live_segment_s, settings.live_window, settings.live_mp4_bytes
        return LiveVideo(self._files.live, self._files.mp4, *bounds, self.audience)

    def _submit(self, gaps: list[Gap]) -> None:
        for gap in gaps:
            assert self.pipeline is not None
            self.pipeline.submit(gap)

    def _update_record(self) -> None:
        record, assembly, tally = self.record, self._stream.assembly, self._stream.tally
        record.blocks_lost, record.bursts_undecoded = tally.lost, tally.unreadable
        record.keyframes_received, record.keyframes_lost = assembly.arrived, assembly.keyframes_lost
        if assembly.header is not None and assembly.header.given is Given.NOTHING:
            record.keyframes_received = 0  # what arrived were marks
        record.keyframes_undecodable = assembly.undecodable_count
        record.keyframes_given_up = assembly.given_up
        record.captions_received, record.captions_lost = assembly.captions, assembly.captions_lost
