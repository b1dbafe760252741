"""The sound of one video: packets in, samples out, as far as pictures are written.

It never holds pictures up. A packet that has not come, and that no later one has overtaken, may still come:
sound then lags behind the pictures in the file, where both have their time. What was overtaken, and what is
missing in the end, is concealed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import structlog

from receiver.record import SoundRecord
from receiver.sound.decoders import DECODERS
from receiver.sound.voices.voice import Voice
from semvid.errors import MalformedUnits
from semvid.semantics import SoundHeader, SoundPackets
from semvid.sound.pcm import SAMPLE_RATE, Pcm, silence

MAX_WAITING = 4_096
"""Units that wait for their pictures; of more the oldest are lost. A sender keeps a few seconds ahead."""

_log = structlog.get_logger(__name__)


class SoundTrack:
    """One thread may `add` while another takes `until`.

    Args:
        header: of the sound.
        voice: reads it, where it is text.

    Attributes:
        record: what became of it.

    Raises:
        InvalidInput: a header that makes no sense.
        MissingComponent: what decodes the sound is not installed, or there is no voice.
    """

    def __init__(self, header: SoundHeader, voice: Voice | None = None) -> None:
        self.record = SoundRecord(header.codec.value, header.channels, header.packet_ms)
        self.channels = header.channels
        self._decoder = DECODERS[header.codec](header, voice)
        self._waiting: deque[SoundPackets] = deque(maxlen=MAX_WAITING)
        self._unit: SoundPackets | None = None  # that is being taken
        self._next = 0  # number of the packet that comes next
        self._held = silence(0, header.channels)
        self._given = 0  # samples

    def add(self, unit: SoundPackets) -> None:
        """Takes packets in, in order."""
        self._waiting.append(unit)

    def until(self, samples: int, ended: bool = False) -> Iterator[Pcm]:
        """The sound up to ``samples`` after the first picture, as far as it is there.

        Args:
            samples: from the beginning, at `SAMPLE_RATE`.
            ended: nothing more will come; what is missing is made up.

        Yields:
            int16 [any, channels].
        """
        while self._given < samples:
            if not len(self._held):
                sound = self._packet(ended, samples)
                if sound is None:
                    return
                self._held = sound
                continue
            part, self._held = self._held[: samples - self._given], self._held[samples - self._given :]
            self._given += len(part)
            self.record.seconds = round(self._given / SAMPLE_RATE, 6)
            yield part

    def _packet(self, ended: bool, samples: int) -> Pcm | None:
        """The sound of the next packet; None where it may still come. Parameters are those of `until`."""
        if self._unit is None and self._waiting:
            self._unit = self._waiting.popleft()
        unit, number = self._unit, self._next
        if unit is None and not ended:
            return None
        self._next += 1
        if unit is None and samples - self._given <= self._decoder.look_ahead:
            return self._decoder.conceal()  # it was never sent: the coder's last look ahead
        if unit is None or number < unit.first:
            self.record.packets_lost += 1
            return self._concealed()
        packet = unit.packets[number - unit.first]
        if self._next == unit.stop:
            self._unit = None
        self.record.packets_received += 1
        if not packet:
            return self._decoder.silent()
        try:
            return self._decoder.decode(packet)
        except MalformedUnits as error:
            _log.warning("sound packet cannot be decoded", packet=number, error=str(error))
            self.record.packets_undecodable += 1
            return self._concealed()

    def _concealed(self) -> Pcm:
        pcm = self._decoder.conceal()
        self.record.concealed_s = round(self.record.concealed_s + len(pcm) / SAMPLE_RATE, 6)
        return pcm
