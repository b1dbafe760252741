"""What a caller may choose for one transmission."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from semvid.errors import InvalidInput
from semvid.profile import Given
from semvid.semantics import PictureCoding
from transmitter import mllm as mllms
from transmitter.mllm.judge import Scoring
from transmitter.psss import Focus, Rule

_GIVEN = {"first-frame": Given.FIRST_FRAME, "text-only": Given.NOTHING}


class ChannelOptions(BaseModel):
    """Conditions that the channel emulator applies to this transmission; fields left out are its own."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, max_length=32, description="awgn, rayleigh, rician")
    snr_db: float | None = Field(None, ge=-30, le=60, description="mean received Es/N0, dB")
    coherence_symbols: int | None = Field(None, ge=1, le=2**24)
    rician_k_db: float | None = Field(None, ge=-20, le=40)
    seed: int | None = Field(None, ge=0, le=2**63 - 1)


class TransmissionOptions(BaseModel):
    """Options of one transmission; every field has a sound default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"target_cbr": 5e-4, "seed": 7, "channel": {"snr_db": 10}}]},
    )

    keyframe_method: Literal["skem", "skim", "first-frame", "text-only"] = Field(
        "skem",
        description="skem, skim: semantic or equidistant keyframes; first-frame: one picture and a caption a "
        "segment; text-only: no picture at all",
    )
    keyframe_count: int | None = Field(None, ge=2, le=4096, description="skim: keyframes, both ends included")
    segment_s: float | None = Field(
        None, gt=0, le=60, description="first-frame, text-only: fixed length; default: by meaning"
    )
    threshold: float = Field(0.35, ge=-1, le=1, description="of the PSSS rule")
    rule: Rule = Field(Rule.RELATIVE, description="relative: S_rel > threshold; absolute: P(no) > threshold")
    candidate_spacing_s: float = Field(0.2, gt=0, le=10, description="0.2 s in the reference")
    focus: Focus = Field(Focus.GENERAL, description="semantic focus of the comparison")
    mllm: str = Field(
        "embedded", max_length=512, description="who compares and captions; the default is the service's"
    )
    scoring: Scoring | None = Field(None, description="how a large model is asked; default: direct")
    search: Literal["exhaustive", "gallop"] | None = Field(
        None,
        description="which candidates are asked about; default: gallop for large models, else exhaustive",
    )
    quality: int | None = Field(None, ge=20, le=63, description="AV1 CRF of keyframes, lower is better")
    target_cbr: float | None = Field(None, gt=0, le=1, description="channel uses per source sample")
    coding: PictureCoding = Field(PictureCoding.JOINT, description="intra: for links without a return path")
    mcs: int | Literal["auto"] = Field(
        "auto", description="row 0..27 of TS 38.214 Table 5.1.3.1-2 for keyframes"
    )
    retransmissions: int = Field(2, ge=0, le=3, description="rounds of incremental redundancy")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="of every random draw of the transmission")
    channel: ChannelOptions | None = None

    @model_validator(mode="after")
    def _consistent(self) -> TransmissionOptions:
        if self.quality is not None and self.target_cbr is not None:
            raise ValueError("give quality or target_cbr, not both: each decides the other")
        if self.keyframe_method == "skim" and self.keyframe_count is None:
            raise ValueError("skim needs keyframe_count")
        if self.keyframe_method == "skem" and self.keyframe_count is not None:
            raise ValueError("keyframe_count belongs to keyframe_method skim")
        if self.segment_s is not None and self.given is Given.BOTH_ENDS:
            raise ValueError("segment_s belongs to keyframe_method first-frame or text-only")
        if self.target_cbr is not None and self.given is not Given.BOTH_ENDS:
            raise ValueError(
                f"{self.keyframe_method} cannot aim at a target_cbr; "
                "its rate follows from segment_s and quality"
            )
        if self.search == "gallop" and self.given is not Given.BOTH_ENDS:
            raise ValueError(f"{self.keyframe_method} asks about every candidate; leave search out")
        if self.quality is not None and self.given is Given.NOTHING:
            raise ValueError("text-only sends no picture, so it has no quality")
        if isinstance(self.mcs, int) and not 0 <= self.mcs <= 27:
            raise ValueError(f"mcs must be auto or 0..27, got {self.mcs}")
        return self

    @property
    def given(self) -> Given:
        """What the receiver will draw segments from."""
        return _GIVEN.get(self.keyframe_method, Given.BOTH_ENDS)


def search_of(options: TransmissionOptions) -> Literal["exhaustive", "gallop"]:
    """The search asked for; by default few questions where each is dear, all where they cost milliseconds."""
    if options.search is not None:
        return options.search
    if options.given is not Given.BOTH_ENDS:
        return "exhaustive"
    return "exhaustive" if options.mllm == mllms.EMBEDDED else "gallop"


def parse_options(text: str, mllm: str = mllms.EMBEDDED) -> TransmissionOptions:
    """Reads the JSON of the ``options`` form field.

    Args:
        text: the JSON.
        mllm: the model where it names none.

    Raises:
        InvalidInput: names the first offending field, its value and what is allowed; or no such mllm.
    """
    try:
        options = TransmissionOptions.model_validate_json(text or "{}")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "options"
        raise InvalidInput(f"option {where}: {first['msg']}, got {first.get('input')!r}") from error
    if "mllm" not in options.model_fields_set:
        options = options.model_copy(update={"mllm": mllm})
    mllms.check(options.mllm)
    return options
