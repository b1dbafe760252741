"""Which core turns a video into shipments, by how its keyframes are coded; the laboratory asks here too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.weights import load_models
from semvid.images.jscc.networks import shipped
from semvid.link.blocks import Delivery
from semvid.link.harq import HarqSender
from semvid.link.record import LinkRecord
from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.semantics import PictureCoding, SoundHeader
from semvid.service.clock import StageClock
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.analogue.encoder import AnalogueEncoder, AnalogueLink
from transmitter.analogue.plan import AnaloguePlan, plan_analogue
from transmitter.encoder import Encoder
from transmitter.faces.selector import selecting_portraits
from transmitter.keyframes import selecting
from transmitter.keyframes.selection import Told
from transmitter.rate.footage import Footage
from transmitter.rate.model import LinkPrice
from transmitter.rate.plan import Plan, make_plan
from transmitter.shipment import LayerRecord, Quote, Segment, Shipment
from transmitter.tokens import TokenEncoder


class VideoEncoder(Protocol):
    """Frames in, shipments out, and back what became of each; see `transmitter.encoder.Encoder`."""

    @property
    def layers(self) -> Mapping[int, LayerRecord]:
        """What became of the keyframes, by layer."""

    @property
    def captions_given_up(self) -> int:
        """Captions for which there was no room."""

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

    def close(self) -> None:
        """Frees what it holds."""


def plan_for(
    read: Callable[[], Footage],
    options: TransmissionOptions,
    source: SourceInfo,
    link: LinkPrice,
    at_once: bool = False,
) -> Plan | AnaloguePlan:
    """The plan for a clip, see `transmitter.rate.plan.make_plan` and `transmitter.analogue.plan`.

    Raises:
        TransmissionFailed: a target CBR has no room for coding jscc.
    """
    if options.coding is PictureCoding.JSCC:
        return plan_analogue(read, options, source, link)
    return make_plan(read, options, link, at_once)


def make_encoder(
    plan: Plan | AnaloguePlan,
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
    tokens: TokenEncoder | None = None,
) -> VideoEncoder:
    """The core for a plan.

    Args:
        plan: by `plan_for`.
        source, options, mllm, segments_ahead, clock, sound, late, tokens: see
            `transmitter.encoder.Encoder`.
        profile: what the receiver's decoder can bridge.
        compared: told of every question that the multimodal model answered.
        harq: knows the link.
        quote: what a shipment takes over it.

    Raises:
        MissingComponent: what finds faces is missing, for coding portrait.
    """

    def price() -> LinkPrice:
        return LinkPrice.of(harq.adapter)

    begin = selecting(options, source, profile, mllm, compared)
    if isinstance(plan, AnaloguePlan):
        link = AnalogueLink(lambda: harq.adapter.expected_snr_db, price, quote)
        return AnalogueEncoder(source, options, mllm, plan, shipped(), begin, link, clock, sound)
    if options.coding is PictureCoding.PORTRAIT:
        begin = selecting_portraits(FaceLandmarks(*load_models()), begin, source.frame_rate)
    return Encoder(
        source, options, mllm, plan, begin, segments_ahead, price, quote, clock, sound, late, tokens
    )
