"""From bursts to what arrived in them: units, decoded keyframes, and gaps that can be regenerated.

Pure: no link, no files, no clock. `receiver.assembly` puts units in order, `receiver.block_tally` counts what
was lost on the way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from receiver.analogue_keyframes import AnalogueKeyframes
from receiver.answer_sheet import AnswerSheet
from receiver.assembly import Assembly, AssemblyLimits
from receiver.block_tally import BlockTally
from receiver.closed_gaps import Fate
from receiver.gaps import Gap
from receiver.keyframe_groups import ReceivedGroup
from receiver.token_pictures import TokenPictures, TokenTally
from semvid import bitstream, keyframe_payload, sound_payload, token_payload
from semvid.answers import TaskAnswer, TaskHeader
from semvid.errors import InvalidInput, MalformedUnits
from semvid.images.keyframe_codec import KeyframeDecoder
from semvid.images.obu import ReferenceLost
from semvid.images.restorer import Coding
from semvid.images.types import Picture
from semvid.phy.analogue import AnalogueReception
from semvid.phy.arrays import Symbols
from semvid.phy.block import BlockReceiver, Reception, TbState
from semvid.semantics import (
    ALL_SLOTS,
    AnalogueKeyframe,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    PictureCoding,
    StreamHeader,
    Unit,
)
from semvid.tokens.model import TokenModel
from semvid.waveform import SINGLE_CARRIER, Waveform

_log = structlog.get_logger(__name__)

MAX_MALFORMED = 3
"""Payloads that passed their checksum and make no sense, before the sender is to blame. Noise passes a 16-bit
checksum once in 65536 times, and must not end a transmission."""


@dataclass(frozen=True, slots=True, eq=False)
class ReceivedKeyframe:
    """A keyframe that arrived and was decoded.

    Attributes:
        number: counts keyframes in time order.
        frame: of the source.
        size: bytes of its packet, or beside its symbols where it has no bits.
        shot_start: a hard cut lies just before it.
        picture: uint8 RGB [height, width, 3], as coded.
        coding: how it was coded.
        tokens: what it was made of; None: of no tokens.
    """

    number: int
    frame: int
    size: int
    shot_start: bool
    picture: Picture
    coding: Coding
    tokens: TokenTally | None = None


class StreamReceiver:
    """The bursts of one transmission. Not thread-safe.

    After each `receive` take what is new, in this order: `units`, `keyframes`, `gaps`.

    Args:
        limits: of the transmission.
        wait_for_captions: a gap waits for its caption while that may still come.
        log: is told of what makes no sense.
        waveform: how bursts were sent.
        window: blocks that the sender may have under way at once.
        token_model: makes pictures of tokens; None: keyframes that are sent so are refused.

    Attributes:
        assembly: what arrived of the video, and what did not.
        sheet: what arrived of answers, where they are sent and no video.
        tally: blocks lost, bursts unreadable.
    """

    def __init__(
        self,
        limits: AssemblyLimits,
        wait_for_captions: bool,
        log: Any = _log,
        waveform: Waveform = SINGLE_CARRIER,
        window: int = 1,
        token_model: TokenModel | None = None,
    ) -> None:
        self.assembly = Assembly(limits, wait_for_captions)
        self.sheet = AnswerSheet()
        self.tally = BlockTally(window=window)
        self._log = log
        self._bursts = BlockReceiver(waveform, window)
        self._pictures: KeyframeDecoder | None = None
        self._token_model = token_model
        self._tokens: TokenPictures | None = None
        self._held: ReceivedGroup | None = None  # whose tokens wait for their caption
        self._analogue = AnalogueKeyframes()
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
            parsed = self._parse(bitstream.unpack, reception.protected)
            units += parsed or []
            reception.protected_state = TbState.FAILED if parsed is None else TbState.DECODED
        if reception.bulk is not None:
            parsed = self._parse(self._unpack_bulk, reception.bulk)
            units += parsed or []
            reception.bulk_state = TbState.FAILED if parsed is None else TbState.DECODED
        if self.tally.begins_another(reception):
            self._gaps += self.assembly.release()  # nothing of the block before is outstanding any more
        self.tally.add(reception)
        for unit in units:
            if isinstance(unit, AnalogueKeyframe):
                self._add_analogue(unit, reception.analogue)
            else:
                self._add(unit)
        return reception

    def units(self) -> list[Unit]:
        """Units that are new since the last call."""
        new, self._units = self._units, []
        return new

    def keyframes(self) -> Iterator[ReceivedKeyframe]:
        """Keyframes that are new, in coding order, each decoded when it is asked for.

        Those of a group count as decoded once the first of the next one is asked for.
        """
        if self._tokens is not None:
            yield from self._token_keyframes(self._tokens)
            return
        while (received := self.assembly.next_group()) is not None:
            group, pictures = received.group, self._decoder()
            if not received.follows:
                pictures.reset()
            fates = []
            described_layers = zip(group.pictures, received.packets, group.layers(), strict=True)
            for described, packet, layer in described_layers:
                number = group.number + described.place
                picture, fate = self._decode(pictures, number, described, packet, layer)
                fates.append(fate)
                if picture is not None and packet is not None:
                    shot_start = group.shot_start and described.place == 0
                    coding = self._coding(pictures.quantiser, layer)
                    yield ReceivedKeyframe(number, described.frame, len(packet), shot_start, picture, coding)
            self.assembly.decoded(received, fates)

    def _token_keyframes(self, tokens: TokenPictures) -> Iterator[ReceivedKeyframe]:
        """`keyframes`, of tokens: those that lack some wait for their caption, the others behind them."""
        while (received := self._held or self.assembly.next_group()) is not None:
            group, self._held = received.group, None
            if tokens.lacks(received) and self.assembly.caption_may_come(group):
                self._held = received
                return
            frame = group.pictures[0].frame
            try:
                picture, tally = tokens.show(received, self.assembly.caption_of(group))
            except MalformedUnits as error:
                self._log.warning("keyframe cannot be decoded", frame=frame, error=str(error))
                self.assembly.decoded(received, [Fate.DAMAGED])
                continue
            size, coding = sum(len(data) for data in received.slices.values()), self._coding(0, 0)
            yield ReceivedKeyframe(group.number, frame, size, group.shot_start, picture, coding, tally)
            self.assembly.decoded(received, [Fate.DECODED], tally.guessed)

    def gaps(self) -> list[Gap]:
        """Gaps closed since the last call, in order, of which nothing more will arrive."""
        if self.tally.settled:
            self._gaps += self.assembly.release()
        closed, self._gaps = self._gaps, []
        return closed

    def close(self) -> None:
        """No more bursts come: take `keyframes` once more, and then `finish`."""
        self.tally.finish()
        self.assembly.close()

    def finish(self) -> list[Gap]:
        """The remaining gaps."""
        closed, self._gaps = self._gaps, []
        return closed + self.assembly.finish()

    def _add(self, unit: Unit) -> None:
        if isinstance(unit, TaskHeader | TaskAnswer):
            self._units += [unit] if self.sheet.add(unit) else []
        else:
            self._units += self.assembly.add(unit)
        if isinstance(unit, StreamHeader) and unit.coding is PictureCoding.TOKENS and self._tokens is None:
            self._tokens = TokenPictures(self._token_model, unit)
        if self.sheet.begun and self.assembly.begun:
            raise InvalidInput("a transmission carries a video or answers, not both")

    def _unpack_bulk(self, payload: bytes) -> Sequence[Unit]:
        """Sound says itself that it is; what pictures are is said by the header, which comes before them."""
        if sound_payload.is_sound(payload):
            return sound_payload.unpack(payload)
        unpack = keyframe_payload.unpack if self._tokens is None else token_payload.unpack
        return unpack(payload)

    def _add_analogue(self, unit: AnalogueKeyframe, symbols: AnalogueReception | None) -> None:
        """Takes in a keyframe without bits: a group of its own, whose packet is what came beside its symbols.

        Without symbols it is as if the packet were missing, and before the header there is nobody to keep
        them for.
        """
        header = self.assembly.header
        if header is not None and header.coding is not PictureCoding.JSCC:
            raise InvalidInput(
                f"keyframe {unit.number} crossed as symbols, the header announced coding {header.coding}"
            )
        described = GroupPicture(0, unit.frame, len(unit.side), ALL_SLOTS)
        group = KeyframeGroup(unit.number, (described,), unit.shot_start, refresh=True)
        new = self.assembly.add(group)
        self._units += new
        if new and unit.side and symbols is not None:
            self._analogue.keep(unit.number, symbols)
            self._units += self.assembly.add(KeyframeSlice(unit.number, 0, unit.side))

    def _parse(self, parse: Callable[[bytes], Sequence[Unit]], payload: bytes) -> Sequence[Unit] | None:
        try:
            return parse(payload)
        except MalformedUnits as error:
            self._malformed += 1
            self._log.warning("payload makes no sense", error=str(error))
            if self._malformed >= MAX_MALFORMED:
                raise
            return None

    def _coding(self, quantiser: int, layer: int) -> Coding:
        header = self.assembly.header
        assert header is not None
        coded, shown = (header.coded_width, header.coded_height), (header.width, header.height)
        return Coding.of(quantiser, coded, shown, layer)

    def _is_analogue(self, number: int) -> bool:
        header = self.assembly.header
        assert header is not None
        analogue = header.coding is PictureCoding.JSCC
        if analogue and not self._analogue.has(number):
            raise InvalidInput(f"keyframe {number} crossed as bits, the header announced coding jscc")
        return analogue

    def _decoder(self) -> KeyframeDecoder:
        if self._pictures is None:
            header = self.assembly.header
            assert header is not None
            self._pictures = KeyframeDecoder(header.coded_width, header.coded_height)
        return self._pictures

    def _decode(
        self,
        pictures: KeyframeDecoder,
        number: int,
        described: GroupPicture,
        packet: bytes | None,
        layer: int,
    ) -> tuple[Picture | None, Fate]:
        if not packet:
            pictures.lose(described.kept_in)
            if packet is None:
                return None, Fate.ABSENT
            return None, Fate.GIVEN_UP if layer else Fate.ANCHOR_GIVEN_UP
        try:
            if self._is_analogue(number):
                size = pictures.width, pictures.height
                return self._analogue.picture(number, packet, size), Fate.DECODED
            return pictures.decode(packet), Fate.DECODED
        except ReferenceLost:
            return None, Fate.DEPENDENT
        except MalformedUnits as error:
            self._log.warning("keyframe cannot be decoded", frame=described.frame, error=str(error))
            return None, Fate.DAMAGED
