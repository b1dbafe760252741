"""The REST interface's documents, for OpenAPI."""

from __future__ import annotations

from pydantic import BaseModel, Field

from receiver.gaps import Provenance
from receiver.questions.record import State as QuestionState
from receiver.record import State, VideoRecord
from semvid.answers import Outcome
from semvid.options import AnsweredBy
from semvid.service.problems import Problem


class RunCounts(BaseModel):
    """Finished runs of frames, by where they come from."""

    received: int = Field(0, description="keyframes, copied")
    regenerated: int = Field(0, description="between two neighbouring keyframes that both arrived")
    concealed: int = Field(0, description="something was lost; the frames are a guess")


class InFlight(BaseModel):
    """A segment that is being regenerated."""

    segment: int
    progress: float = Field(ge=0, le=1)


class SoundResource(BaseModel):
    """What became of the sound."""

    codec: str = Field(description="that it crossed the channel in", examples=["opus"])
    channels: int
    packet_ms: int
    seconds: float = Field(description="written beside the pictures")
    packets_received: int
    packets_lost: int = Field(description="that did not arrive")
    packets_undecodable: int = Field(description="that arrived and could not be decoded")
    concealed_s: float = Field(description="seconds made up for packets of either kind")


class TokensResource(BaseModel):
    """What keyframes were made of, where they are tokens (docs/tokens.md)."""

    received: int = Field(description="tokens that arrived")
    drawn: int = Field(
        description="tokens that did not, or were not sent, and that the receiver's model drew"
    )


class AnswerResource(BaseModel):
    """One answer of a transmission of answers (docs/questions.md); the questions did not cross."""

    number: int = Field(description="of the question, from 0")
    text: str = Field(description="empty unless it was answered", examples=["two people"])
    sure: float | None = Field(description="0..1; null: the sender's model does not say")
    outcome: Outcome


class VideoResource(BaseModel):
    """One video, or the answers that came in its place. Its id is that of the transmission."""

    id: str = Field(examples=["3f0c9a7be1d24c58"])
    state: State
    progress: float = Field(ge=0, le=1, description="frames written of those expected; 0 while unknown")
    created_at: str
    error: Problem | None = Field(None, description="what cut the video short")
    content_url: str
    live: bool = Field(False, description="nobody knew when it would end; it can be watched while it comes")
    live_url: str | None = Field(None, description="of a live video: its playlist, HLS")
    mp4_frames: int | None = Field(
        None, description="frames in the MP4 of a live video, where that is full; null: all that are written"
    )
    decoder: str = Field(examples=["embedded"])
    restorer: str = Field("", description="file of the network that restores keyframes; empty: none does")
    synthesiser: str = Field(
        "",
        description="digest of the network that corrects what is drawn between keyframes; empty: none does",
    )
    coding: str = Field(
        "",
        examples=["pyramid"],
        description="of its keyframes, as in the transmission's options; empty: not known yet, or answers",
    )
    width: int | None
    height: int | None
    pixel_aspect: str = Field("1:1", description="width to height of a pixel")
    hdr: str = Field(
        "", examples=["HLG"], description="HLG or PQ where the MP4 is that; empty: it is of BT.709"
    )
    frame_rate: float | None
    frames_written: int
    frames_expected: int | None = Field(description="frames of the source; null until its end has arrived")
    snr_db: float | None = Field(description="Es/N0 of the newest burst, measured")
    effective_snr_db: float | None = Field(description="AWGN Es/N0 of equal capacity, of the newest burst")
    realised_snr_db: float | None = Field(
        None, description="Es/N0 of all bursts: mean signal power over mean noise power, both linear"
    )
    known_symbols: int = Field(
        0,
        description="on which that noise was measured: pilots and what is known since it was decoded, where "
        "two of them are neighbours",
    )
    bursts_received: int = Field(description="soundings and repetitions included")
    bursts_undecoded: int = Field(description="bursts without a readable control word")
    blocks_lost: int = Field(description="of which something never arrived in any of their bursts")
    symbols_received: int = Field(description="in this attempt")
    attempt: int = Field(1, description="of the transmission; a later one takes the place of an earlier one")
    symbols_of_earlier_attempts: int = Field(0, description="received of those whose place this one took")
    keyframes_received: int
    keyframes_lost: int
    keyframes_undecodable: int = Field(
        description="arrived, but needed one that was lost, or could not be decoded"
    )
    keyframes_given_up: int = Field(description="not sent, because the budget had no room for them")
    captions_received: int
    captions_lost: int = Field(
        description="stretches of the video without caption; each is at least one lost caption"
    )
    sound: SoundResource | None = Field(None, description="null where none is sent")
    tokens: TokensResource | None = Field(None, description="where keyframes are tokens")
    answers_expected: int | None = Field(
        None, description="where answers were sent and no video: how many; null: it is a video"
    )
    answers: list[AnswerResource] = Field([], description="that arrived, of such a transmission")
    segments: RunCounts
    in_flight: list[InFlight]
    seconds: dict[str, float] = Field(
        description="time spent by stage; stages overlap, and several threads regenerate"
    )

    @classmethod
    def of(cls, record: VideoRecord, public_url: str) -> VideoResource:
        """The resource that shows ``record``."""
        url = f"{public_url.rstrip('/')}/v1/videos/{record.id}"
        return cls(
            **record.to_json(),
            progress=record.progress,
            content_url=f"{url}/content",
            live_url=f"{url}/live.m3u8" if record.live else None,
            in_flight=[
                InFlight(segment=number, progress=share)
                for number, share in sorted(dict(record.in_flight).items())
            ],
        )


class QuestionResource(BaseModel):
    """A question about a video (docs/questions.md)."""

    id: str
    video_id: str
    question: str
    answered_by: AnsweredBy
    created_at: str
    state: QuestionState
    answer: str | None = Field(examples=["two people"])
    sure: float | None = Field(description="how sure the model is, 0..1; null: it does not say")
    model: str | None = Field(description="of this receiver; the transmitter's does not cross")
    question_bytes: int = Field(
        description="of the question on the return direction, to every transmitter that listened"
    )
    return_bytes: int = Field(description="of the reports on the bursts of the answer")
    bursts_received: int = Field(description="of the answer, sounding and repetitions included")
    symbols_received: int = Field(description="of the answer: everything that crossed the channel for it")
    realised_snr_db: float | None = Field(description="Es/N0 of these bursts")
    error: Problem | None = Field(description="why there is no answer")


class VideoList(BaseModel):
    """Videos, newest first."""

    videos: list[VideoResource]
    next_offset: int | None = None


class RunResource(BaseModel):
    """Consecutive frames of one provenance. All of them together are every frame, once, in order."""

    segment: int = Field(description="number of the keyframe that opens the segment, or that is copied")
    first_frame: int
    last_frame: int = Field(description="inclusive")
    provenance: Provenance
    caption: str | None = Field(description="null if none arrived")
    motion: int | None = Field(
        description="eighths of a per mille of the picture diagonal per frame, with the caption"
    )
    reason: str = Field(
        description="why this is no ordinary regeneration; empty when it is",
        examples=["1 keyframe did not arrive"],
    )


class KeyframeResource(BaseModel):
    """A keyframe that arrived and was decoded."""

    number: int
    frame: int
    bytes: int = Field(description="of its packet")
    shot_start: bool = Field(description="a hard cut lies just before it")
    tokens: TokensResource | None = Field(None, description="where it was made of tokens")


class CaptionResource(BaseModel):
    """A caption that arrived."""

    first: int = Field(description="keyframe with which its segment begins")
    last: int = Field(description="keyframe with which it ends")
    text: str


class GainsResource(BaseModel):
    """The channel's gain as the receiver saw it, over the transmission and over frequency."""

    symbols: int = Field(description="channel uses that one row covers")
    bands: int = Field(
        description="resource blocks of OFDM, from the lowest frequency up; 1 of a single carrier"
    )
    gain_db: list[list[float | None]] = Field(
        description="a row for every so many channel uses, in it the mean power gain of every band in dB; "
        "null where nothing was known"
    )


class ConstellationResource(BaseModel):
    """A fair sample of equalised symbols, unit average power."""

    i: list[float]
    q: list[float]
    classes: list[str] = Field(alias="class", description="control, protected (text) or bulk (keyframes)")
