"""The bursts of one answer, until it is there or given up."""

import asyncio
from collections.abc import Callable

from receiver.assembly import AssemblyLimits
from receiver.questions.record import QuestionRecord
from receiver.reception import StreamReceiver
from receiver.settings import ReceiverSettings
from receiver.transmission import Summary
from semvid.answers import MAX_QUESTIONS
from semvid.errors import InvalidInput, LimitExceeded, SemvidError, TransmissionFailed
from semvid.link.symbols import unpack_symbols
from semvid.phy.block import Reception
from semvid.phy.realised_snr import RealisedSnr
from semvid.waveform import SINGLE_CARRIER, Waveform

MAX_BURSTS = 64  # of one answer: a few blocks and their repetitions


class IncomingAnswer:
    """Implements `receiver.link_service.Incoming`.

    Args:
        record: of the question, kept up to date.
        settings: bounds.
        ended: called with the record when it is final.
        waveform: how its bursts are sent.
    """

    def __init__(
        self,
        record: QuestionRecord,
        settings: ReceiverSettings,
        ended: Callable[[QuestionRecord], None],
        waveform: Waveform = SINGLE_CARRIER,
    ) -> None:
        self._record, self._ended = record, ended
        self.transmission_id = record.id
        self.path = f"/v1/videos/{record.video_id}/questions/{record.id}"
        limits = AssemblyLimits(MAX_QUESTIONS, settings.max_frames, settings.max_pixels)
        self._stream = StreamReceiver(limits, wait_for_captions=False, waveform=waveform)
        self._snr, self._waveform = RealisedSnr(), waveform
        self._over = False

    async def take(self, data: bytes) -> Reception:
        """Receives one burst in a thread; see `receiver.transmission.Transmission.take`.

        Raises:
            InvalidInput: units that are no answer to one question.
            LimitExceeded: more bursts than an answer can take.
        """
        record = self._record
        if record.bursts_received >= MAX_BURSTS:
            raise LimitExceeded(
                f"the answer to {record.id} takes more than {MAX_BURSTS} bursts; make it shorter"
            )
        symbols = unpack_symbols(data)
        record.bursts_received += 1
        record.symbols_received += self._waveform.on_air(len(symbols))
        reception = await asyncio.to_thread(self._stream.receive, symbols)
        if self._stream.assembly.begun:
            raise InvalidInput(f"{record.id} is a question; what answers it carries no video")
        self._snr.add(reception.power)
        if self._snr.snr_db is not None:
            record.realised_snr_db = round(self._snr.snr_db, 2)
        return reception

    async def end(self, return_bytes: int) -> Summary:
        """The sender has no more bursts."""
        sheet, record = self._stream.sheet, self._record
        record.return_bytes = return_bytes
        if 0 in sheet.answers:
            record.settle(sheet.answers[0])
        else:
            record.fail(TransmissionFailed("the answer was lost on the way; ask again, at a higher SNR"))
        self._finish()
        return Summary(0, sheet.complete, record.realised_snr_db)

    def break_off(self, error: SemvidError) -> None:
        """The call ended early; what arrived before is the answer if it is whole."""
        if 0 in self._stream.sheet.answers:
            self._record.settle(self._stream.sheet.answers[0])
        else:
            self._record.fail(error)
        self._finish()

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self._ended(self._record)
