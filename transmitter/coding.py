"""Which core turns a video into shipments, by how its keyframes cross; the laboratory asks here too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.weights import load_models
from semvid.images.jscc.networks import shipped
from semvid.link.blocks import Delivery
from semvid.link.harq import HarqSender
from semvid.link.record import LinkRecord
from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.profile import Given, Profile
from semvid.semantics import PictureCoding, SoundHeader
from semvid.service.clock import StageClock
from semvid.tokens.model import TokenModel
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.analogue.encoder import AnalogueEncoder, AnalogueLink
from transmitter.analogue.plan import AnaloguePlan, plan_analogue
from transmitter.encoder import Encoder
from transmitter.faces.selector import selecting_portraits
from transmitter.keyframes import selecting
from transmitter.keyframes.selection import Selecting, Told
from transmitter.rate.footage import Footage
from transmitter.rate.model import LinkPrice
from transmitter.rate.plan import Plan, make_plan
from transmitter.shipment import Quote, Segment, Shipment
from transmitter.text_only import TextOnlyEncoder
from transmitter.tokens.encoder import TokenEncoder
from transmitter.tokens.plan import TokenPlan

AnyPlan: TypeAlias = Plan | AnaloguePlan | TokenPlan
"""What a transmission starts with; its kind goes with the coding."""


class VideoEncoder(Protocol):
    """Frames in, shipments out, and back what became of each; see `transmitter.encoder.Encoder`."""

    def segments(
        self, frames: Iterator[Frame], gone: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Analyses ``frames`` and closes one segment after another, until ``gone``."""

    def shipments(self, segment: Segment) -> Iterator[Shipment]:
        """What is complete with the next segment, each when it is asked for."""

    def delivered(
        self, shipment: Shipment, delivery: Delivery, link: LinkRecord, for_sound: float = 0.0
    ) -> bool:
        """Takes what became of the latest; whether that is the end of it."""

    def resource(self) -> dict[str, Any]:
        """What became of keyframes and captions so far, JSON-ready."""

    def close(self) -> None:
        """Frees what it holds."""


def plan_for(
    read: Callable[[], Footage],
    options: TransmissionOptions,
    source: SourceInfo,
    link: LinkPrice,
    at_once: bool = False,
) -> AnyPlan:
    """The plan for a clip, see `transmitter.rate.plan.make_plan` and the plans of the other codings.

    Raises:
        TransmissionFailed: a target CBR has no room for coding jscc.
    """
    match options.coding:
        case PictureCoding.JSCC:
            return plan_analogue(read, options, source, link)
        case PictureCoding.TOKENS:
            return TokenPlan()
        case _:
            return make_plan(read, options, link, at_once)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What cores are made of; each takes what it needs."""

    source: SourceInfo
    options: TransmissionOptions
    mllm: Mllm
    begin: Selecting
    harq: HarqSender
    quote: Quote
    segments_ahead: int
    clock: StageClock | None
    sound: SoundHeader | None
    late: Callable[[Segment], bool]
    token_model: TokenModel | None

    def price(self) -> LinkPrice:
        """What the link charges now."""
        return LinkPrice.of(self.harq.adapter)

    def snr_db(self) -> float:
        """Es/N0 to be expected of the next burst."""
        return self.harq.adapter.expected_snr_db


def _sequences(plan: Plan, parts: _Parts) -> Encoder:
    return Encoder(
        parts.source,
        parts.options,
        parts.mllm,
        plan,
        parts.begin,
        parts.segments_ahead,
        parts.price,
        parts.quote,
        parts.clock,
        parts.sound,
        parts.late,
    )


def _portraits(plan: Plan, parts: _Parts) -> Encoder:
    faces = FaceLandmarks(*load_models())
    begin = selecting_portraits(faces, parts.begin, parts.source.frame_rate)
    return _sequences(plan, replace(parts, begin=begin))


def _tokens(plan: TokenPlan, parts: _Parts) -> TokenEncoder:
    if parts.token_model is None:
        raise ValueError("coding tokens needs a token model")
    return TokenEncoder(
        parts.source,
        parts.options,
        parts.mllm,
        plan,
        parts.token_model,
        parts.begin,
        parts.clock,
        parts.sound,
    )


def _analogue(plan: AnaloguePlan, parts: _Parts) -> AnalogueEncoder:
    link = AnalogueLink(parts.snr_db, parts.price, parts.quote)
    return AnalogueEncoder(
        parts.source,
        parts.options,
        parts.mllm,
        plan,
        shipped(),
        parts.begin,
        link,
        parts.clock,
        parts.sound,
    )


def _text_only(plan: Plan, parts: _Parts) -> TextOnlyEncoder:
    return TextOnlyEncoder(
        parts.source, parts.options, parts.mllm, plan, parts.begin, parts.clock, parts.sound
    )


_Core: TypeAlias = Callable[[Any, _Parts], VideoEncoder]
"""Makes a core of its own kind of plan."""

_CORES: Final[Mapping[PictureCoding, _Core]] = {
    PictureCoding.PYRAMID: _sequences,
    PictureCoding.LOW_DELAY: _sequences,
    PictureCoding.INTRA: _sequences,
    PictureCoding.PORTRAIT: _portraits,
    PictureCoding.TOKENS: _tokens,
    PictureCoding.JSCC: _analogue,
}


def make_encoder(
    plan: AnyPlan,
    source: SourceInfo,
    options: TransmissionOptions,
    profile: Profile,
    mllm: Mllm,
    harq: HarqSender,
    quote: Quote,
    segments_ahead: int,
    compared: Told = lambda _: None,
    clock: StageClock | None = None,
    sound: SoundHeader | None = None,
    late: Callable[[Segment], bool] = lambda _: False,
    token_model: TokenModel | None = None,
) -> VideoEncoder:
    """The core for a plan.

    Args:
        plan: by `plan_for`.
        source, options, segments_ahead, clock, sound, late: see `transmitter.encoder.Encoder`.
        profile: what the receiver's decoder can bridge.
        mllm: who compares and captions.
        harq: knows the link.
        quote: what a shipment takes over it.
        compared: told of every question that the multimodal model answered.
        token_model: of both ends, for coding tokens.

    Raises:
        MissingComponent: what finds faces is missing, for coding portrait.
    """
    begin = selecting(options, source, profile, mllm, compared)
    parts = _Parts(source, options, mllm, begin, harq, quote, segments_ahead, clock, sound, late, token_model)
    make: _Core = _text_only if options.given is Given.NOTHING else _CORES[options.coding]
    return make(plan, parts)
