"""From bursts to what arrived in them: units, decoded keyframes, and gaps that can be regenerated.

Pure: no link, no files, no clock. `receiver.assembly` puts units in order, `receiver.block_tally` counts what
was lost on the way.
"""

from collections.abc import Iterator
from typing import Any

import structlog

from receiver.assembly import Assembly, AssemblyLimits
from receiver.block_tally import BlockTally
from receiver.gaps import Gap
from receiver.keyframe_parts import CodedKeyframe
from semvid import bitstream
from semvid.errors import MalformedUnits
from semvid.images.keyframe_codec import KeyframeDecoder
from semvid.images.types import Picture
from semvid.phy.arrays import Symbols
from semvid.phy.block import BlockReceiver, Reception, TbState
from semvid.semantics import Unit

_log = structlog.get_logger(__name__)

MAX_MALFORMED = 3
"""Payloads that passed their checksum and make no sense, before the sender is to blame. Noise passes a 16-bit
checksum once in 65536 times, and must not end a transmission."""


class StreamReceiver:
    """The bursts of one transmission. Not thread-safe.

    After each `receive` take what is new, in this order: `units`, `keyframes`, `gaps`.

    Args:
        limits: of the transmission.
        wait_for_captions: a gap waits for its caption while that may still come.
        log: is told of what makes no sense.

    Attributes:
        assembly: what arrived of the video, and what did not.
        tally: blocks lost, bursts unreadable.
    """

    def __init__(self, limits: AssemblyLimits, wait_for_captions: bool, log: Any = _log) -> None:
        self.assembly = Assembly(limits, wait_for_captions)
        self.tally = BlockTally()
        self._log = log
        self._bursts = BlockReceiver()
        self._pictures: KeyframeDecoder | None = None
        self._last_picture = -1  # number of the keyframe decoded last
        self._malformed = 0
        self._units: list[Unit] = []
        self._gaps: list[Gap] = []

    def receive(self, symbols: Symbols) -> Reception:
        """Receives one burst.

        Args:
            symbols: complex64[n], as the channel left them.

        Returns:
            What became of it; a payload that makes no sense counts as failed.

        Raises:
            InvalidInput: units that the protocol does not allow (`MalformedUnits`: for the third time ones
                that make no sense).
            LimitExceeded: more units, frames or pixels than allowed.
            TransmissionFailed: units keep coming and the header is missing.
        """
        reception = self._bursts.receive(symbols)
        units: list[Unit] = []
        if reception.protected is not None:
            parsed = self._parse(reception.protected)
            units += parsed or []
            reception.protected_state = TbState.FAILED if parsed is None else TbState.DECODED
        if reception.bulk is not None:
            parsed = self._parse(reception.bulk)
            units += parsed or []
            reception.bulk_state = TbState.FAILED if parsed is None else TbState.DECODED
        if self.tally.begins_another(reception):
            self._gaps += self.assembly.release()  # nothing of the block before is outstanding any more
        self.tally.add(reception)
        for unit in units:
            self._units += self.assembly.add(unit)
        return reception

    def units(self) -> list[Unit]:
        """Units that are new since the last call."""
        new, self._units = self._units, []
        return new

    def keyframes(self) -> Iterator[tuple[CodedKeyframe, Picture]]:
        """Keyframes that are new, each decoded when it is asked for, uint8 RGB [height, width, 3] as coded.

        One counts as decoded once the next is asked for.
        """
        while (keyframe := self.assembly.next_keyframe()) is not None:
            try:
                picture = self._decode(keyframe)
            except MalformedUnits as error:
                self._log.warning("keyframe cannot be decoded", keyframe=keyframe.number, error=str(error))
                self.assembly.undecodable(keyframe)
            else:
                yield keyframe, picture
                self._last_picture = keyframe.number
                self.assembly.decoded(keyframe)

    def gaps(self) -> list[Gap]:
        """Gaps closed since the last call, in order, of which nothing more will arrive."""
        if self.tally.settled:
            self._gaps += self.assembly.release()
        closed, self._gaps = self._gaps, []
        return closed

    def finish(self) -> list[Gap]:
        """No more bursts come: the remaining gaps."""
        self.tally.finish()
        closed, self._gaps = self._gaps, []
        return closed + self.assembly.finish()

    def _parse(self, payload: bytes) -> list[Unit] | None:
        try:
            return bitstream.unpack(payload)
        except MalformedUnits as error:
            self._malformed += 1
            self._log.warning("payload makes no sense", error=str(error))
            if self._malformed >= MAX_MALFORMED:
                raise
            return None

    def _decode(self, keyframe: CodedKeyframe) -> Picture:
        if self._pictures is None:
            header = self.assembly.header
            assert header is not None
            self._pictures = KeyframeDecoder(header.coded_width, header.coded_height)
        if keyframe.number != self._last_picture + 1:
            self._pictures.reset()  # so that a packet that only claims to be independent is refused
        return self._pictures.decode(keyframe.packet)
