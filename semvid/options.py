"""Every choice of one transmission: its name, its kind, its range and what it means, once.

The REST schema, the flags of `semvid send`, `demo` and `calibrate` (`console.flags`), the options that
`semvid.client.TransmitterClient.submit` takes, and the laboratory are these models. A new option is a field
here, and the place that uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from semvid.answers import MAX_QUESTION_CHARS, MAX_QUESTIONS
from semvid.channel_options import ChannelOptions
from semvid.errors import InvalidInput
from semvid.profile import Given
from semvid.semantics import PictureCoding
from semvid.waveform import NUMEROLOGIES, RESOURCE_BLOCKS, SINGLE_CARRIER, Ofdm, Waveform


class KeyframeMethod(StrEnum):
    """How keyframes are chosen (docs/modes.md)."""

    SKEM = "skem"
    SKIM = "skim"
    FIRST_FRAME = "first-frame"
    TEXT_ONLY = "text-only"


class Rule(StrEnum):
    """How an answer becomes a decision (paper, stability of the decision rules)."""

    RELATIVE = "relative"  # S_rel > threshold; 4.1 keyframes a clip in the paper, sd 2.7
    ABSOLUTE = "absolute"  # P(no) > threshold; 9.5 keyframes a clip in the paper, sd 10.1


class Focus(StrEnum):
    """What counts as meaning (paper, semantic focus)."""

    GENERAL = "general"  # positions of key objects, objects that come or go, change of background
    MAIN_OBJECT = "main_object"  # actions, poses and motion of the main object; background ignored
    BACKGROUND = "background"  # setting, lighting, static surroundings; foreground ignored


class Scoring(StrEnum):
    """How a large model is asked (docs/mllm-scoring.md)."""

    DESCRIBED = "described"  # the paper: both pictures described together, then the descriptions compared
    DESCRIBED_ONCE = "described-once"  # each picture described once and kept; a pair costs a short question
    DIRECT = "direct"  # both pictures and the question in one forward pass; nothing is generated


class Search(StrEnum):
    """Which candidates a model is asked about (docs/mllm-scoring.md)."""

    EXHAUSTIVE = "exhaustive"
    GALLOP = "gallop"


class SoundChoice(StrEnum):
    """What is to become of a video's sound (docs/sound.md)."""

    AUTO = "auto"
    NONE = "none"
    OPUS = "opus"
    CODEC2 = "codec2"
    TEXT = "text"


class HdrChoice(StrEnum):
    """What is to become of HLG and PQ (docs/sources.md)."""

    TONE_MAP = "tone-map"
    KEEP = "keep"


class AnsweredBy(StrEnum):
    """Who answers a question about a video (docs/questions.md)."""

    SOURCE = "source"  # the transmitter's model, about the source; only the answer crosses
    RECONSTRUCTION = "reconstruction"  # the receiver's own model, about what it made


class WaveformName(StrEnum):
    """How symbols become a signal (docs/channels.md)."""

    SINGLE_CARRIER = "single-carrier"
    OFDM = "ofdm"


DEFAULT_THRESHOLD: Final = 0.35  # paper: SKEM inserts a keyframe when S_rel exceeds this
DEFAULT_CODING_TIME: Final = 0.75  # seconds a second: real time, beside all else that a core does
_LONGEST_QUOTED = 200  # characters of a wrong value
_GIVEN = {KeyframeMethod.FIRST_FRAME: Given.FIRST_FRAME, KeyframeMethod.TEXT_ONLY: Given.NOTHING}


QuestionText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MAX_QUESTION_CHARS, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
"""One line."""


class QuestionOptions(BaseModel):
    """A question about a video."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"question": "how many people are there?"}]}
    )

    question: QuestionText = Field(description=f"one line of at most {MAX_QUESTION_CHARS} characters")
    answered_by: AnsweredBy = Field(
        AnsweredBy.SOURCE,
        description="source: the transmitter's model, about the source, and only the answer crosses; "
        "reconstruction: the receiver's own model, about what it made",
    )


# options that mean nothing where only answers are sent
_OF_PICTURES = (
    *("keyframe_method", "keyframe_count", "segment_s", "threshold", "rule", "candidate_spacing_s", "focus"),
    *("search", "quality", "target_cbr", "coding", "coding_time", "token_share", "sound", "hdr"),
    *("deadline_s", "latency_s"),
)

# options that mean nothing with a coding, and why
_NO_USE: Final = {
    PictureCoding.TOKENS: {
        "quality": "it is that of AV1, and `token_share` says how many are sent",
        "target_cbr": "tokens cannot aim at one; `token_share` and how many keyframes there are decide the "
        "rate",
        "coding_time": "it is that of AV1",
        "deadline_s": "none are left out for being late",
        "latency_s": "none are left out for being late",
        "hdr": "its model knows pictures of BT.709 alone",
    },
    PictureCoding.PORTRAIT: {
        "hdr": "faces are found in pictures of BT.709",
        "keyframe_method": "its keyframes are chosen by faces",
        "target_cbr": "it cannot aim at one; `quality` and how much a face moves decide the rate",
        "deadline_s": "what is shown waits for the next portrait, up to ten seconds",
        "latency_s": "what is shown waits for the next portrait, up to ten seconds",
    },
}


class TransmissionOptions(BaseModel):
    """Options of one transmission; every field has a sound default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"target_cbr": 5e-4, "seed": 7, "channel": {"snr_db": 10}}]},
    )

    keyframe_method: KeyframeMethod = Field(
        KeyframeMethod.SKEM,
        description="skem: by meaning; skim: evenly spaced; first-frame: one picture and a caption a "
        "segment; text-only: no picture, needs a text-to-video decoder",
    )
    keyframe_count: int | None = Field(
        None, ge=2, le=4096, description="keyframes in all, both ends included, for skim"
    )
    segment_s: float | None = Field(
        None, gt=0, le=60, description="seconds of a segment, for first-frame and text-only; else by meaning"
    )
    threshold: float = Field(
        DEFAULT_THRESHOLD, ge=-1, le=1, description="a keyframe where the rule's score exceeds it"
    )
    rule: Rule = Field(Rule.RELATIVE, description="relative: S_rel > threshold; absolute: P(no) > threshold")
    candidate_spacing_s: float = Field(0.2, gt=0, le=10, description="seconds between compared frames")
    focus: Focus = Field(Focus.GENERAL, description="semantic focus of the comparison")
    mllm: str = Field(
        "embedded",
        max_length=512,
        description="who compares and captions: embedded, hf:..., openai:...; left out: the service's own",
    )
    scoring: Scoring | None = Field(None, description="how a large model is asked; left out: direct")
    search: Search | None = Field(
        None,
        description="exhaustive: every candidate is asked about; gallop: far fewer questions; left out: "
        "gallop for large models, else exhaustive",
    )
    quality: float | None = Field(None, ge=20, le=70, description="AV1 CRF of the keyframes, lower is better")
    target_cbr: float | None = Field(
        None, gt=0, le=1, description="channel uses per source sample to aim at, for example 6e-4"
    )
    coding_time: float = Field(
        DEFAULT_CODING_TIME,
        gt=0,
        le=30,
        description="seconds of one core that coding keyframes may take for a second of video: the more, the "
        "slower the preset of SVT-AV1, and the fewer the symbols; below 0.25 plans are made without trials",
    )
    deadline_s: float | None = Field(
        None,
        gt=0,
        le=60,
        description="seconds from a segment being complete until all of it has arrived; text is repeated "
        "until right, pictures that would be late are left out and generated; needs coding low-delay or "
        "intra, and the symbol rate of the link",
    )
    latency_s: float | None = Field(
        None,
        ge=0.2,
        le=60,
        description="seconds from a frame being taken until it can be shown at the receiver: half of it is "
        "how far keyframes are apart at most, and what would be later is left out and generated, as with a "
        "deadline; "
        "coding is low-delay where nothing is said",
    )
    sound: SoundChoice = Field(
        SoundChoice.AUTO,
        description="auto: the best that takes a quarter of the target CBR at most; none; "
        "opus: 6 to 24 kbit/s; codec2: speech at 0.7 to 3.2 kbit/s; text: what is said, spoken anew by the "
        "receiver's voice",
    )
    hdr: HdrChoice = Field(
        HdrChoice.TONE_MAP,
        description="of a source in HLG or PQ: tone-map: it becomes BT.709; keep: it stays what it is, and "
        "the receiver writes AV1 with 10 bits that is tagged so; SDR is the same with both",
    )
    coding: PictureCoding = Field(
        PictureCoding.PYRAMID,
        description="pyramid: keyframes in layers, predicted from both sides, costs least; low-delay: each "
        "leans on earlier ones and leaves at once; intra: each alone, for links without a return path; "
        "tokens: of a model that both ends have; what misses is drawn, not repeated (docs/tokens.md); jscc: "
        "each alone, as symbols without bits, in which noise on the link is noise in the picture; portrait: "
        "a face is shown by one picture that moves as a few numbers a moment say (docs/portrait.md)",
    )
    token_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="of the tokens of a keyframe that are sent, for coding tokens; left out: all",
    )
    mcs: Annotated[int, Field(ge=0, le=27)] | Literal["auto"] = Field(
        "auto", description="auto, or row 0..27 of TS 38.214 Table 5.1.3.1-2, for keyframes"
    )
    waveform: WaveformName = Field(
        WaveformName.SINGLE_CARRIER,
        description="single-carrier: one symbol after the other; ofdm: on subcarriers, for channels whose "
        "delays are not short against a symbol",
    )
    numerology: int | None = Field(
        None,
        ge=NUMEROLOGIES[0],
        le=NUMEROLOGIES[1],
        description="mu, for ofdm: subcarriers 15 kHz 2^mu apart; left out: 0",
    )
    resource_blocks: int | None = Field(
        None,
        ge=RESOURCE_BLOCKS[0],
        le=RESOURCE_BLOCKS[1],
        description="of twelve subcarriers, for ofdm; left out: 6",
    )
    retransmissions: int = Field(2, ge=0, le=3, description="rounds of incremental redundancy")
    task: Annotated[tuple[QuestionText, ...], Field(min_length=1, max_length=MAX_QUESTIONS)] | None = Field(
        None, description="questions about the video: their answers are sent, and no picture and no sound"
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="of every random draw of the transmission")
    channel: ChannelOptions | None = None

    @model_validator(mode="before")
    @classmethod
    def _at_once(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("latency_s") is not None:
            return {"coding": PictureCoding.LOW_DELAY, **given}
        return given

    @field_validator("mcs", mode="wrap")
    @classmethod
    def _row(cls, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        try:
            return check(value)
        except ValidationError as error:
            raise ValueError("must be auto or a row 0..27 of TS 38.214 Table 5.1.3.1-2") from error

    @model_validator(mode="after")
    def _consistent(self) -> TransmissionOptions:
        """Names of options stand in backticks: `refusal` spells them as the reader writes them."""
        method = self.keyframe_method
        if self.task is not None:
            for name in _OF_PICTURES:
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"`task` sends answers, no picture and no sound; leave `{name}` out")
        for name, reason in _NO_USE.get(self.coding, {}).items():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"`coding` {self.coding} has no use for `{name}`: {reason}; leave it out")
        if self.token_share is not None and self.coding is not PictureCoding.TOKENS:
            raise ValueError("`token_share` belongs to `coding` tokens")
        if self.coding is PictureCoding.TOKENS and self.given is Given.NOTHING:
            raise ValueError(f"`keyframe_method` {method} sends no picture; leave `coding` out")
        for name in ("numerology", "resource_blocks"):
            if getattr(self, name) is not None and self.waveform is not WaveformName.OFDM:
                raise ValueError(f"`{name}` belongs to `waveform` ofdm")
        if self.quality is not None and self.target_cbr is not None:
            raise ValueError("`quality` and `target_cbr`: each decides the other; give one of them")
        if method == KeyframeMethod.SKIM and self.keyframe_count is None:
            raise ValueError("`keyframe_method` skim needs the number of keyframes; add `keyframe_count`")
        if method == KeyframeMethod.SKEM and self.keyframe_count is not None:
            raise ValueError("`keyframe_count` belongs to `keyframe_method` skim")
        if self.segment_s is not None and self.given is Given.BOTH_ENDS:
            raise ValueError("`segment_s` belongs to `keyframe_method` first-frame or text-only")
        if self.target_cbr is not None and self.given is not Given.BOTH_ENDS:
            raise ValueError(
                f"`keyframe_method` {method} cannot aim at a CBR; leave `target_cbr` out: its rate follows "
                "from `segment_s` and `quality`"
            )
        if self.search == Search.GALLOP and self.given is not Given.BOTH_ENDS:
            raise ValueError(f"`keyframe_method` {method} asks about every candidate; leave `search` out")
        if self.deadline_s is not None and self.latency_s is not None:
            raise ValueError("`latency_s` and `deadline_s`: both bound a delay; give one of them")
        if self.coding is PictureCoding.JSCC:
            self._require_possible_with_jscc()
        late = "latency_s" if self.latency_s is not None else "deadline_s"
        if self.is_timed and self.coding is PictureCoding.PYRAMID:
            raise ValueError(
                f"`{late}` needs pictures that leave at once, and a pyramid waits for later ones; add "
                "`coding` low-delay or intra"
            )
        if self.is_timed and self.symbols_per_s is None:
            raise ValueError(
                f"`{late}` needs to know how fast the link is; add `channel.symbol_rate_hz`, or "
                "`waveform` ofdm, whose rate follows from its numerology"
            )
        if self.hdr is not HdrChoice.TONE_MAP and self.given is Given.NOTHING:
            raise ValueError(
                f"`keyframe_method` {method} sends no picture, and what is drawn from words is of BT.709; "
                "leave `hdr` out"
            )
        if self.quality is not None and self.given is Given.NOTHING:
            raise ValueError(f"`keyframe_method` {method} sends no picture; leave `quality` out")
        return self

    def _require_possible_with_jscc(self) -> None:
        if self.given is Given.NOTHING:
            raise ValueError("`keyframe_method` text-only sends no picture; leave `coding` out")
        if self.quality is not None:
            raise ValueError(
                "`quality` is AV1's, and `coding` jscc has none: its pictures are as good as the link; leave "
                "`quality` out, or say by `target_cbr` what they may cost"
            )
        for name in ("mcs", "coding_time"):
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"`{name}` is of keyframes with bits; leave it out with `coding` jscc")
        for name in ("deadline_s", "latency_s"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"`{name}` leaves out what would be late, and `coding` jscc sends a keyframe in one "
                    "piece; take `coding` low-delay or intra"
                )

    @property
    def given(self) -> Given:
        """What the receiver will draw segments from."""
        return _GIVEN.get(self.keyframe_method, Given.BOTH_ENDS)

    @property
    def is_timed(self) -> bool:
        """Whether what would be late is left out."""
        return self.deadline_s is not None or self.latency_s is not None

    @property
    def symbols_per_s(self) -> float | None:
        """Channel uses a second; None: a single carrier whose symbol rate nobody said."""
        signal = self.signal
        if isinstance(signal, Ofdm):
            return signal.symbols_per_s
        return None if self.channel is None else self.channel.symbol_rate_hz

    @property
    def signal(self) -> Waveform:
        """How symbols become a signal."""
        if self.waveform is WaveformName.SINGLE_CARRIER:
            return SINGLE_CARRIER
        numbers = {"numerology": self.numerology, "resource_blocks": self.resource_blocks}
        return Ofdm(**{name: number for name, number in numbers.items() if number is not None})


def refusal(error: ValidationError, spelled: Callable[[str], str] = "option {}".format) -> InvalidInput:
    """What the first thing wrong with options is, in one sentence.

    Args:
        error: of `TransmissionOptions`.
        spelled: how the reader writes an option, from its name (``channel.snr_db`` for a nested one).
    """
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    where = ".".join(map(str, first["loc"]))
    if where or first["type"] != "value_error":
        given = repr(first["input"])
        given = given if len(given) <= _LONGEST_QUOTED else f"{given[:_LONGEST_QUOTED]}..."
        return InvalidInput(f"{spelled(where) if where else 'options'}: {message}, got {given}")
    plain, *quoted = message.split("`")
    return InvalidInput(plain + "".join(spelled(t) if n % 2 == 0 else t for n, t in enumerate(quoted)))
