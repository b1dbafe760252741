"""The REST interface's documents, for OpenAPI."""

from typing import Any

from pydantic import BaseModel, Field

from semvid.answers import Outcome
from semvid.channel_options import ChannelFields
from semvid.options import TransmissionOptions
from semvid.service.problems import Problem
from transmitter.store import State


class TrackResource(BaseModel):
    """The sound of the uploaded video."""

    codec: str
    sample_rate: int
    channels: int


class SoundResource(BaseModel):
    """What becomes of the sound (docs/sound.md); where none is sent, only `codec` (none) and why."""

    codec: str = Field(examples=["opus"])
    reason: str = Field(description="why this one")
    bit_rate: int | None = Field(None, description="mean of the packets, bit/s")
    channels: int | None = None
    packet_ms: int | None = None
    seconds: float | None = Field(None, description="sent so far")
    bits: int | None = Field(None, description="information bits")
    symbols: int | None = Field(
        None, description="channel uses of all its blocks: pilots, control words and repetitions too"
    )
    share: float | None = Field(None, description="of all symbols")
    blocks_lost: int | None = None


class ChannelResource(ChannelFields):
    """Conditions in force at the channel emulator, all of them."""

    seed: int | None = Field(
        None, description="of everything that is random in it"
    )  # an operator's may be larger


class ChannelChange(ChannelResource):
    """Conditions that were set while the transmission ran, without the points of a trace."""

    total_symbols: int = Field(description="noted when it was asked for; it holds from the next burst on")


class SourceResource(BaseModel):
    """The uploaded video as probed."""

    name: str = Field("", description="of the file, as the client called it")
    bytes: int | None = Field(None, description="of the file")
    width: int
    height: int
    frame_rate: float
    duration_s: float | None = Field(
        description="by its time stamps, from the first frame to the end of the last one"
    )
    first_stamp_s: float | None = Field(
        None, description="of the first frame in the file, seconds; the video that is sent begins at 0"
    )
    frames: int | None = Field(description="as the container states it; null where it does not")
    codec: str
    pixel_aspect: str = Field("1:1", description="width to height of a pixel, as displayed")
    colour: dict[str, str | float] = Field(
        {},
        description="primaries, transfer function, matrix and range of the source, or what it was taken for; "
        "what is sent is BT.709",
    )
    interlaced: bool = False
    video_tracks: int = Field(1, description="videos in the file, of which one was taken")
    remarks: list[str] = Field([], description="what was changed or left out, in sentences")
    sound: TrackResource | None = Field(None, description="null where there is none, or none is wanted")
    live: bool = Field(False, description="it goes on while it is sent; the rest is known of its beginning")


class AnswerResource(BaseModel):
    """What the multimodal model said to a question about the source (docs/questions.md)."""

    question: str
    text: str = Field(description="empty unless it was answered", examples=["two people"])
    sure: float | None = Field(description="how sure the model is, 0..1; null: it does not say")
    outcome: Outcome


class TaskAnswerResource(AnswerResource):
    """One answer of a task."""

    number: int


class ReturnLinkResource(BaseModel):
    """What the reports took on a return link with noise of its own; none of it is in the CBR."""

    symbols: int = Field(description="channel uses of reports; 0 where reports are messages")
    reports_unread: int = Field(description="that could not be read")
    polls: int = Field(description="soundings that asked again; their symbols are in the ledger")


class QuestionResource(AnswerResource):
    """A question that was asked at the receiver, and what its answer cost, beside the video's own symbols."""

    id: str
    answered_at: str
    channel_seed: int | None = Field(
        description="of fading and noise for this answer; null: the channel's own"
    )
    symbols: dict[str, int] = Field(description="channel uses by class")
    bits: dict[str, int] = Field(description="information bits by class")
    total_symbols: int
    bursts_sent: int
    realised_snr_db: float | None
    question_bytes: int = Field(description="of the question on the return direction")
    return_bytes: int = Field(description="of the reports on the return direction")
    return_link: ReturnLinkResource | None = Field(None, description="what reports took as symbols")
    seconds: float = Field(description="from hearing it until the answer had arrived")


class LiveResource(BaseModel):
    """What became of the frames of a live source (docs/live.md)."""

    skipped: int = Field(description="frames before the first that was sent, while the transmission began")
    dropped: int = Field(
        description="frames since then that were not sent, because analysis or the link was behind"
    )
    undecodable: int = Field(description="frames since then that did not decode, or had no time of their own")
    ended: str | None = Field(description="why there were no more frames; null as long as there may be")


class DelaysResource(BaseModel):
    """Of all segments so far (docs/deadlines.md); each stands in the semantics, under ``arrivals``."""

    deadline_s: float | None = Field(description="null: none was asked for")
    latency_s: float | None = Field(None, description="that was asked for; null: none was")
    segments: int
    kept: int | None = Field(None, description="that were there, or given up to be generated, in time")
    generated: int = Field(description="whose keyframe did not arrive")
    mean_s: float = Field(description="from a segment being complete until it was there")
    longest_s: float
    mean_latency_s: float | None = Field(
        None, description="from the first frame of a segment being taken until it was there"
    )
    longest_latency_s: float | None = None


class TokensResource(BaseModel):
    """What became of the tokens of keyframes, where these are tokens (docs/tokens.md)."""

    model: str
    keyframes: int = Field(description="that were sent")
    left_out: int = Field(description="tokens that were not sent, for the receiver to draw")
    sent: int = Field(description="tokens that left")
    lost: int = Field(description="of them, those that did not arrive; the receiver draws them too")


class TransmissionResource(BaseModel):
    """One transmission. Fields of the second half appear once they are known."""

    id: str = Field(examples=["3f0c9a7be1d24c58"])
    state: State
    stage: str = Field(examples=["sending"])
    progress: float = Field(ge=0, le=1)
    created_at: str
    error: Problem | None = None
    attempts: int = Field(0, description="begun; the receiver keeps the video of the newest")
    retry_at: str | None = Field(None, description="when the next attempt begins at the earliest")
    retry_reason: str | None = Field(None, description="why the latest attempt came to nothing")
    source: SourceResource
    options: TransmissionOptions

    video_url: str | None = Field(None, description="the video at the receiver")
    decoder: str | None = Field(None, description="the receiver's decoder")
    asked: dict[str, Any] | None = Field(
        None, description="of the multimodal model: how, how often, mean answer mass, warnings"
    )
    operating_point: dict[str, float] | None = Field(None, description="quality and density at first")
    symbols: dict[str, int] = Field({}, description="channel uses by class")
    bits: dict[str, int] = Field({}, description="information bits by class")
    total_symbols: int = 0
    return_bytes: int = Field(0, description="reports on the return direction, not in the CBR")
    return_link: ReturnLinkResource | None = Field(None, description="once reports have come")
    cbr: float | None = None
    mcs: dict[str, dict[str, int]] = Field({}, description="transport blocks by class and scheme")
    bursts_sent: int = Field(0, description="sounding and repetitions included")
    blocks_sent: int = Field(0, description="each is one burst or more; the sounding is none")
    blocks_lost: int = Field(0, description="of which a part that was sent never arrived")
    blocks_withheld: int = Field(
        0, description="of which a part was not sent, not even once: the target CBR had no room for it"
    )
    retransmissions: int = Field(0, description="bursts that repeated one of the same block")
    snr_db: float | None = Field(None, description="Es/N0 of the newest burst, as the receiver measured it")
    realised_snr_db: float | None = Field(
        None,
        description="Es/N0 of all bursts as the receiver measured it: mean signal power over mean noise "
        "power, both linear; known at the end",
    )
    channel_changes: int = Field(0, description="times that the channel was changed while it ran")
    last_channel_changes: list[ChannelChange] = Field([], description="the newest 256 of them, oldest first")
    layers: dict[str, dict[str, int]] = Field(
        {}, description="keyframes by layer, 0 the anchors: sent and their bytes, given up, lost"
    )
    tokens: TokensResource | None = Field(None, description="where keyframes are tokens")
    captions_given_up: int = Field(0, description="not sent: the target CBR had no room for them")
    delays: DelaysResource | None = Field(
        None, description="where the link's symbol rate is known, and of every live source"
    )
    live: LiveResource | None = Field(None, description="of a live source")
    live_url: str | None = Field(None, description="of a live source: its playlist at the receiver, HLS")
    sound: SoundResource | None = Field(None, description="what becomes of the sound, once that is decided")
    keyframes: int = 0
    segments: int = 0
    frames: int | None = Field(None, description="frames read from the source")
    undecodable_frames: int = Field(
        0, description="frames of the source that did not decode; the frame before each is shown longer"
    )
    complete: bool | None = Field(None, description="the receiver got all that it needs")
    answers: list[TaskAnswerResource] = Field([], description="of a task, which sends nothing else")
    questions_asked: int = Field(0, description="at the receiver, and answered here")
    questions: list[QuestionResource] = Field([], description="the newest 256 of them, oldest first")
    seconds: dict[str, float] = {}
    versions: dict[str, str] = {}


class TransmissionList(BaseModel):
    """Transmissions, newest first."""

    transmissions: list[TransmissionResource]
    next_offset: int | None = None
