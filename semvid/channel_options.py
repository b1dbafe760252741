"""Conditions of the channel emulator: names, ranges and meaning, once.

They are a part of the options of a transmission (`semvid.options`) and what a running one can be given; the
emulator's own settings and conditions take their ranges from here.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from semvid.errors import InvalidInput
from semvid.impairments import Chain, Impairment
from semvid.snr_trace import MAX_POINTS, checked_trace


class ChannelFields(BaseModel):
    """Conditions of a channel emulator."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(
        None,
        max_length=128,
        description="channel model, or a chain of them as tdl-a+cfo; trace:FILE on the command line",
        # a form offers the names that need no points; a chain of them may be written as well
        json_schema_extra={
            "anyOf": [
                {"enum": [i for i in Impairment if i is not Impairment.TRACE]},
                {"type": "string"},
                {"type": "null"},
            ]
        },
    )
    snr_db: float | None = Field(None, ge=-30, le=60, description="mean received Es/N0, dB")
    coherence_symbols: int | None = Field(
        None, ge=1, le=2**24, description="symbols per fading block, for rayleigh and rician"
    )
    rician_k_db: float | None = Field(None, ge=-20, le=40, description="line of sight over scatter, dB")
    seed: int | None = Field(None, ge=0, le=2**63 - 1, description="of everything that is random in it")
    delay_spread_ns: float | None = Field(
        None, ge=0, le=10_000, description="root mean square of the delays of tdl-a to tdl-e"
    )
    doppler_hz: float | None = Field(
        None, ge=0, le=10_000, description="largest Doppler shift, for tdl-a to tdl-e and the jakes models"
    )
    symbol_rate_hz: float | None = Field(
        None, ge=1e3, le=1e9, description="of a single carrier: how fast a channel's time runs"
    )
    pause_ms: float | None = Field(
        None, ge=0, le=60_000, description="channel time before every burst, while the report is awaited"
    )
    bad_symbols: float | None = Field(
        None, ge=1, le=65_536, description="mean length of a burst of noise, for gilbert-elliott"
    )
    bad_share: float | None = Field(
        None, ge=0.001, le=0.9, description="share of all symbols in a burst of noise, for gilbert-elliott"
    )
    bad_loss_db: float | None = Field(
        None, ge=0, le=60, description="by which the SNR is lower in a burst of noise, for gilbert-elliott"
    )
    cfo_hz: float | None = Field(None, ge=-1e5, le=1e5, description="carrier frequency offset, for cfo")
    phase_noise_deg: float | None = Field(
        None, ge=0, le=90, description="root mean square in degrees, for phase-noise"
    )
    phase_noise_hz: float | None = Field(None, ge=1, le=1e6, description="bandwidth, for phase-noise")
    return_snr_db: float | None = Field(
        None,
        ge=-30,
        le=60,
        description="Es/N0 of the return link, dB; block reports are sent as symbols then",
    )
    return_delay_ms: float | None = Field(
        None, ge=0, le=10_000, description="by which everything on the return link is late"
    )
    snr_trace: list[tuple[float, float]] | None = Field(
        None,
        max_length=MAX_POINTS,
        description="SNR over time, for trace: pairs of seconds and dB, each from its time on",
    )


class ChannelOptions(ChannelFields):
    """Conditions that the channel emulator applies to this transmission; fields left out are its own."""

    @field_validator("model")
    @classmethod
    def _chain(cls, value: str | None) -> str | None:
        try:
            return None if value is None else Chain.parse(value).name
        except InvalidInput as error:
            raise ValueError(str(error)) from error

    @field_validator("snr_trace")
    @classmethod
    def _trace(cls, value: list[tuple[float, float]] | None) -> list[tuple[float, float]] | None:
        try:
            return None if value is None else list(checked_trace(value))
        except InvalidInput as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _complete(self) -> ChannelOptions:
        if "trace" in (self.model or "").split("+") and self.snr_trace is None:
            raise ValueError("a channel model with trace needs the points of snr_trace")
        return self


def _range_of(field: FieldInfo) -> tuple[float, float] | None:
    bounds = {kind: getattr(m, kind) for m in field.metadata for kind in ("ge", "le") if hasattr(m, kind)}
    return (bounds["ge"], bounds["le"]) if len(bounds) == 2 else None


CHANNEL_RANGES: Final = {
    name: bounds for name, field in ChannelOptions.model_fields.items() if (bounds := _range_of(field))
}
"""Least and greatest value of the numbers among the conditions of a channel."""
