"""The state of one video: what the REST interface tells and what survives a restart."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from receiver.gaps import Provenance
from semvid.answers import Answered, Outcome
from semvid.errors import SemvidError
from semvid.service.clock import StageClock

STAGES = ("receiving", "keyframes", "regenerating", "writing")


class State(StrEnum):
    """Life of a video. The last three are final."""

    RECEIVING = "RECEIVING"
    REGENERATING = "REGENERATING"  # everything that will arrive has arrived
    SUCCEEDED = "SUCCEEDED"  # every frame of the source is there, concealed ones included
    TRUNCATED = "TRUNCATED"  # it ends early, and `error` says why
    FAILED = "FAILED"  # nothing can be shown

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (State.RECEIVING, State.REGENERATING)


@dataclass(slots=True)
class SoundRecord:
    """What became of the sound.

    Attributes:
        codec: that it crossed the channel in.
        packet_ms: duration of a packet.
        seconds: written beside the pictures.
        packets_lost: that did not arrive.
        packets_undecodable: that arrived and could not be decoded.
        concealed_s: seconds that were made up for packets of either kind.
    """

    codec: str
    channels: int
    packet_ms: int
    seconds: float = 0.0
    packets_received: int = 0
    packets_lost: int = 0
    packets_undecodable: int = 0
    concealed_s: float = 0.0


@dataclass(slots=True)
class TokenRecord:
    """What keyframes of tokens were made of.

    Attributes:
        received: tokens that arrived.
        drawn: tokens that did not, or were not sent, and that the receiver's model drew.
    """

    received: int = 0
    drawn: int = 0


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer that arrived.

    Attributes:
        number: of the question, from 0.
        text: empty unless it was answered.
        sure: how sure the sender's model is, 0..1; None: it does not say.
        outcome: whether it was answered.
    """

    number: int
    text: str
    sure: float | None
    outcome: Outcome

    @classmethod
    def of(cls, number: int, answered: Answered) -> AnswerRecord:
        """The record of an answer."""
        return cls(number, answered.text, answered.sure, answered.outcome)


@dataclass(slots=True)
class VideoRecord:
    """One video. Each field is written by one thread at a time and may be read by any.

    Attributes:
        id: of the transmission.
        decoder: name of the video decoder.
        restorer: file of the network that restored keyframes; empty: none did.
        synthesiser: digest of the network that corrected what was drawn between them; empty: none did.
        coding: of the keyframes; empty until the stream header has arrived.
        pixel_aspect: width to height of a pixel.
        hdr: HLG or PQ where the MP4 is that; empty: it is of BT.709.
        frames_written: frames in the MP4.
        attempt: of the transmission; a later one takes the place of an earlier one.
        symbols_of_earlier_attempts: received of those whose place this one took.
        frames_expected: frames of the source, once its end has arrived.
        snr_db, effective_snr_db: of the newest burst.
        realised_snr_db, known_symbols: of all bursts (`semvid.phy.realised_snr.RealisedSnr`).
        bursts_received: soundings and repetitions included.
        bursts_undecoded: bursts without a readable control word.
        blocks_lost: those of which a transport block never arrived (`receiver.block_tally.BlockTally`).
        keyframes_undecodable: keyframes that arrived and could not be decoded.
        keyframes_given_up: keyframes that the sender had no room for.
        captions_lost: stretches of the video whose caption is missing; at least one lost caption each.
        segments: runs of frames by provenance, finished ones.
        sound: None where none is sent.
        tokens: None where keyframes are none.
        answers_expected: of a transmission of answers, which has no video; None: it is one of video.
        answers: that arrived, by number.
        in_flight: share done of the segments that are being regenerated, by number.
        seconds: time spent, by stage; `clock` adds to it.
        live: nobody knew when it would end; shown while it comes.
        mp4_frames: frames in the MP4 of a live video, where that is full; None: all.
        error: problem document of what cut the video short.
    """

    id: str
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    state: State = State.RECEIVING
    attempt: int = 1
    symbols_of_earlier_attempts: int = 0
    decoder: str = ""
    restorer: str = ""
    synthesiser: str = ""
    coding: str = ""
    width: int | None = None
    height: int | None = None
    pixel_aspect: str = "1:1"
    hdr: str = ""
    frame_rate: float | None = None
    frames_written: int = 0
    frames_expected: int | None = None
    snr_db: float | None = None
    effective_snr_db: float | None = None
    realised_snr_db: float | None = None
    known_symbols: int = 0
    bursts_received: int = 0
    bursts_undecoded: int = 0
    blocks_lost: int = 0
    symbols_received: int = 0
    keyframes_received: int = 0
    keyframes_lost: int = 0
    keyframes_undecodable: int = 0
    keyframes_given_up: int = 0
    captions_received: int = 0
    captions_lost: int = 0
    segments: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Provenance, 0))
    sound: SoundRecord | None = None
    tokens: TokenRecord | None = None
    answers_expected: int | None = None
    answers: list[AnswerRecord] = field(default_factory=list)
    in_flight: dict[int, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    live: bool = False
    mp4_frames: int | None = None
    error: dict[str, Any] | None = None
    clock: StageClock = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.clock = StageClock(self.seconds)

    @property
    def progress(self) -> float:
        """Share of the source's frames that are written, or of its answers; 0 while nothing is known."""
        if self.state is State.SUCCEEDED:
            return 1.0
        if self.answers_expected is not None:
            return len(self.answers) / max(1, self.answers_expected)
        return min(1.0, self.frames_written / self.frames_expected) if self.frames_expected else 0.0

    def fail(self, error: SemvidError) -> None:
        """Notes what cut the video short; the first cause stays."""
        if self.error is None:
            self.error = {
                "title": error.title,
                "status": error.http_status,
                "detail": str(error),
                "code": error.code,
            }

    def to_json(self) -> dict[str, Any]:
        """Everything but what only a running process knows."""
        document = {f.name: getattr(self, f.name) for f in fields(self) if f.init and f.name != "in_flight"}
        return {
            **document,
            "segments": dict(self.segments),
            "seconds": dict(self.seconds),
            "sound": None if self.sound is None else asdict(self.sound),
            "tokens": None if self.tokens is None else asdict(self.tokens),
            "answers": [asdict(answer) for answer in self.answers],
        }

    @classmethod
    def from_json(cls, document: Any) -> VideoRecord:
        """What `to_json` wrote; unknown fields, of a newer version perhaps, are ignored.

        Raises:
            ValueError, TypeError: it is something else.
        """
        if not isinstance(document, dict):
            raise ValueError("the record of a video must be a JSON object")
        known = {f.name for f in fields(cls) if f.init}
        record = cls(**{name: value for name, value in document.items() if name in known})
        record.state = State(record.state)
        if document.get("sound") is not None:
            record.sound = SoundRecord(**document["sound"])
        if document.get("tokens") is not None:
            record.tokens = TokenRecord(**document["tokens"])
        record.answers = [AnswerRecord(**answer) for answer in document.get("answers", [])]
        return record
