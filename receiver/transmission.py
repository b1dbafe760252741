"""One transmission: symbols in; keyframes, captions and gaps out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import structlog

from receiver.assembly import Assembly, AssemblyLimits
from receiver.block_tally import BlockTally
from receiver.constellation import Constellation
from receiver.decoders import Decoder
from receiver.gaps import Gap
from receiver.pipeline import Pipeline
from receiver.record import State, VideoRecord
from receiver.salvage import salvage
from receiver.settings import ReceiverSettings
from receiver.video_files import VideoFiles
from semvid import bitstream
from semvid.errors import LimitExceeded, MalformedUnits, SemvidError, TransmissionFailed
from semvid.images.keyframe_codec import KeyframeDecoder
from semvid.link.symbols import unpack_symbols
from semvid.phy.block import BlockReceiver, Reception, TbState
from semvid.profile import Given
from semvid.semantics import Caption, Motion, StreamEnd, StreamHeader, Unit

MAX_MALFORMED = 3
"""Payloads that passed their checksum and make no sense, before the sender is to blame. Noise passes a 16-bit
checksum once in 65536 times, and must not end a transmission."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What arrived: frames that the video will have, and whether that is all there was."""

    frames: int
    complete: bool


class Transmission:
    """Everything between the link and the regeneration of one video. Blocking; one thread at a time.

    Args:
        files, record: of the video.
        decoder, pool: regenerate.
        settings: bounds.
        moved: called, from any thread, when a gap has left the queue.
    """

    def __init__(
        self,
        files: VideoFiles,
        record: VideoRecord,
        decoder: Decoder,
        pool: Executor,
        settings: ReceiverSettings,
        moved: Callable[[], None],
    ) -> None:
        self.record = record
        self.constellation = Constellation()
        self.pipeline: Pipeline | None = None
        self._files, self._decoder, self._pool, self._settings = files, decoder, pool, settings
        self._moved = moved
        self._receiver = BlockReceiver()
        self._tally = BlockTally()
        limits = AssemblyLimits(settings.max_units, settings.max_frames, settings.max_pixels)
        self._assembly = Assembly(limits, wait_for_captions=decoder.uses_captions)
        self._pictures: KeyframeDecoder | None = None
        self._last_picture = -1
        self._malformed = 0

    @property
    def crowded(self) -> bool:
        """Whether as many gaps wait to be regenerated as may."""
        return (
            self.pipeline is not None
            and self.pipeline.running
            and self.pipeline.backlog >= self._settings.queue_length
        )

    def take(self, data: bytes) -> Reception:
        """Receives one block.

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
        if record.blocks_received >= self._settings.max_blocks:
            raise LimitExceeded(
                f"the transmission has more than {self._settings.max_blocks} blocks; split the video"
            )
        symbols = unpack_symbols(data)
        with record.timed("receiving"):
            reception = self._receiver.receive(symbols)
        record.blocks_received += 1
        record.symbols_received += len(symbols)
        record.snr_db = round(reception.snr_db, 2)
        record.effective_snr_db = round(reception.effective_snr_db, 2)
        self.constellation.add(reception)

        units = self._units_of(reception)
        if self._tally.begins_another(reception):
            self._submit(self._assembly.release())
        self._tally.add(reception)
        try:
            for unit in units:
                for new in self._assembly.add(unit):
                    self._note(new)
            self._decode_keyframes()
        finally:
            self._update_record()
        if self._tally.settled:
            self._submit(self._assembly.release())
        self._files.save_now_and_then(record)
        return reception

    def end(self, broken: SemvidError | None) -> Summary:
        """No more blocks come. What arrived will be regenerated.

        Args:
            broken: why the stream broke off; None when the sender closed it.
        """
        self._tally.finish()
        self._submit(self._assembly.finish())
        self._update_record()
        if self._assembly.end is None:
            self.record.fail(
                broken
                or TransmissionFailed(
                    "the end of the stream did not arrive; the video stops at the last keyframe that did"
                )
            )
        self._files.save_constellation(self.constellation.to_json())
        self.record.state = State.REGENERATING
        self._files.save(self.record)
        if self.pipeline is not None:
            self.pipeline.close()
        return Summary(self._assembly.frames_known, self._assembly.complete)

    def settle(self) -> None:
        """Waits until the video is finished and makes its record final. After `end`."""
        record, pipeline = self.record, self.pipeline
        if pipeline is not None:
            pipeline.join()
        if pipeline is not None and pipeline.error is not None:
            salvage(self._files, record, pipeline.error)
            return
        if not record.frames_written:
            what = "no keyframe could be decoded" if pipeline else "the stream header did not arrive"
            record.fail(TransmissionFailed(f"nothing can be shown: {what}"))
            record.state = State.FAILED
        else:
            record.state = State.TRUNCATED if record.error else State.SUCCEEDED
        self._files.save(record)

    def stop(self) -> None:
        """Gives up regeneration; from any thread."""
        if self.pipeline is not None:
            self.pipeline.stop()

    def _units_of(self, reception: Reception) -> list[Unit]:
        units: list[Unit] = []
        if reception.protected is not None:
            parsed = self._parse(reception.protected)
            units += parsed or []
            reception.protected_state = TbState.FAILED if parsed is None else TbState.DECODED
        if reception.bulk is not None:
            parsed = self._parse(reception.bulk)
            units += parsed or []
            reception.bulk_state = TbState.FAILED if parsed is None else TbState.DECODED
        return units

    def _parse(self, payload: bytes) -> list[Unit] | None:
        try:
            return bitstream.unpack(payload)
        except MalformedUnits as error:
            self._malformed += 1
            _log.warning("payload makes no sense", video=self.record.id, error=str(error))
            if self._malformed >= MAX_MALFORMED:
                raise
            return None

    def _note(self, unit: Unit) -> None:
        match unit:
            case StreamHeader():
                self._begin_video(unit)
            case Caption():
                self._files.add_caption(unit)
            case Motion():
                self._files.add_motion(unit)
            case StreamEnd():
                self.record.frames_expected = unit.frames

    def _begin_video(self, header: StreamHeader) -> None:
        self._decoder.profile.require(header.given)
        record = self.record
        record.width, record.height = header.width, header.height
        record.frame_rate = round(float(header.frame_rate), 6)
        self._pictures = KeyframeDecoder(header.coded_width, header.coded_height)
        self.pipeline = Pipeline(
            header, self._files, record, self._decoder, self._pool, self._settings, self._moved
        )

    def _decode_keyframes(self) -> None:
        while (keyframe := self._assembly.next_keyframe()) is not None:
            assert self._pictures is not None
            if keyframe.number != self._last_picture + 1:
                self._pictures.reset()  # so that a packet that only claims to be independent is refused
            try:
                with self.record.timed("keyframes"):
                    picture = self._pictures.decode(keyframe.packet)
                    size = len(keyframe.packet)
                    self._files.add_keyframe(
                        keyframe.number, keyframe.frame, size, keyframe.shot_start, picture
                    )
            except MalformedUnits as error:
                _log.warning(
                    "keyframe cannot be decoded",
                    video=self.record.id,
                    keyframe=keyframe.number,
                    error=str(error),
                )
                self._assembly.undecodable(keyframe)
            else:
                self._last_picture = keyframe.number
                self._assembly.decoded(keyframe)

    def _submit(self, gaps: list[Gap]) -> None:
        for gap in gaps:
            assert self.pipeline is not None
            self.pipeline.submit(gap)

    def _update_record(self) -> None:
        record, assembly = self.record, self._assembly
        record.blocks_lost, record.bursts_undecoded = self._tally.lost, self._tally.unreadable
        record.keyframes_received, record.keyframes_lost = assembly.arrived, assembly.keyframes_lost
        if assembly.header is not None and assembly.header.given is Given.NOTHING:
            record.keyframes_received = 0  # what arrived were marks
        record.keyframes_undecodable = assembly.undecodable_count
        record.captions_received, record.captions_lost = assembly.captions, assembly.captions_lost
