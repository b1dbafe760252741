"""Options that several commands share, and the JSON that they become."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from semvid.errors import InvalidInput
from semvid.semantics import PictureCoding


class KeyframeMethod(StrEnum):
    """How keyframes are chosen."""

    SKEM = "skem"
    SKIM = "skim"
    FIRST_FRAME = "first-frame"
    TEXT_ONLY = "text-only"


_OPEN_ENDED = (KeyframeMethod.FIRST_FRAME, KeyframeMethod.TEXT_ONLY)


class Rule(StrEnum):
    """What the threshold applies to."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class Focus(StrEnum):
    """What the comparison of two frames looks at."""

    GENERAL = "general"
    MAIN_OBJECT = "main_object"
    BACKGROUND = "background"


class Scoring(StrEnum):
    """How a large model is asked."""

    DESCRIBED = "described"
    DESCRIBED_ONCE = "described-once"
    DIRECT = "direct"


class Search(StrEnum):
    """Which candidates a model is asked about."""

    EXHAUSTIVE = "exhaustive"
    GALLOP = "gallop"


class ChannelName(StrEnum):
    """Channel models of the emulator."""

    AWGN = "awgn"
    RAYLEIGH = "rayleigh"
    RICIAN = "rician"


KeyframeMethodOption = Annotated[
    KeyframeMethod | None,
    typer.Option(
        "--keyframe-method",
        help="skem: by meaning; skim: evenly spaced; first-frame: one picture and a caption a segment; "
        "text-only: no picture, needs a text-to-video decoder.",
    ),
]
SegmentOption = Annotated[
    float | None,
    typer.Option(
        "--segment", help="Seconds of a segment, for first-frame and text-only. (default: by meaning)"
    ),
]
KeyframeCountOption = Annotated[
    int | None, typer.Option("--keyframe-count", min=2, max=4096, help="Keyframes in all, for skim.")
]
ThresholdOption = Annotated[
    float | None,
    typer.Option("--threshold", min=-1, max=1, help="A keyframe where S_rel exceeds it. (default 0.35)"),
]
RuleOption = Annotated[
    Rule | None, typer.Option("--rule", help="relative: S_rel > threshold; absolute: P(No) > threshold.")
]
SpacingOption = Annotated[
    float | None, typer.Option("--candidate-spacing", help="Seconds between compared frames. (default 0.2)")
]
FocusOption = Annotated[Focus | None, typer.Option("--focus", help="Semantic focus of the comparison.")]
MllmOption = Annotated[
    str | None, typer.Option("--mllm", help="Who compares and captions: embedded, hf:..., openai:...")
]
ScoringOption = Annotated[
    Scoring | None, typer.Option("--scoring", help="How a large model is asked. (default direct)")
]
SearchOption = Annotated[
    Search | None, typer.Option("--search", help="exhaustive: every candidate; gallop: far fewer questions.")
]
ProfileOption = Annotated[
    Path | None, typer.Option("--profile", help="Defaults that semvid calibrate wrote; other options win.")
]
TargetCbrOption = Annotated[
    float | None,
    typer.Option("--target-cbr", help="Channel uses per source sample to aim at, for example 6e-4."),
]
QualityOption = Annotated[
    int | None, typer.Option("--quality", min=20, max=63, help="AV1 CRF of the keyframes; lower is better.")
]
CodingOption = Annotated[
    PictureCoding | None,
    typer.Option("--coding", help="joint: keyframes lean on each other; intra: each alone."),
]
McsOption = Annotated[
    str | None, typer.Option("--mcs", help="auto, or row 0..27 of TS 38.214 Table 5.1.3.1-2, for keyframes.")
]
RetransmissionsOption = Annotated[
    int | None, typer.Option("--retransmissions", min=0, max=3, help="Rounds for a lost block. (default 2)")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of every random draw.")]
ChannelOption = Annotated[ChannelName | None, typer.Option("--channel", help="Channel model.")]
SnrOption = Annotated[
    float | None, typer.Option("--snr-db", min=-30, max=60, help="Mean received Es/N0, dB.")
]
CoherenceOption = Annotated[
    int | None, typer.Option("--coherence-symbols", min=1, max=2**24, help="Symbols per fading block.")
]
RicianOption = Annotated[
    float | None, typer.Option("--rician-k-db", min=-20, max=40, help="Line of sight over scatter, dB.")
]


def parse_mcs(text: str) -> int | str:
    """``auto`` or a row of the table.

    Raises:
        InvalidInput: neither.
    """
    if text == "auto":
        return text
    if text.isascii() and text.isdigit() and int(text) <= 27:
        return int(text)
    raise InvalidInput(f"--mcs: must be auto or a row 0..27 of TS 38.214 Table 5.1.3.1-2, got {text!r}")


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, ready for JSON; the service's own defaults hold for the others.

    Raises:
        InvalidInput: options that contradict each other, or a value out of range.
    """
    if options.get("quality") is not None and options.get("target_cbr") is not None:
        raise InvalidInput("--quality and --target-cbr: each decides the other; give one of them")
    if options.get("keyframe_method") == KeyframeMethod.SKIM and options.get("keyframe_count") is None:
        raise InvalidInput("--keyframe-method skim: needs the number of keyframes; add --keyframe-count N")
    method = options.get("keyframe_method")
    if options.get("segment_s") is not None and method not in _OPEN_ENDED:
        raise InvalidInput("--segment: belongs to --keyframe-method first-frame or text-only")
    if options.get("target_cbr") is not None and method in _OPEN_ENDED:
        raise InvalidInput(f"--keyframe-method {method}: cannot aim at a CBR; leave --target-cbr out")
    if options.get("quality") is not None and method == KeyframeMethod.TEXT_ONLY:
        raise InvalidInput("--keyframe-method text-only: sends no picture; leave --quality out")
    bounds = (("target_cbr", 0.0, 1.0), ("candidate_spacing_s", 0.0, 10.0), ("segment_s", 0.0, 60.0))
    for name, low, high in bounds:
        value = options.get(name)
        if value is not None and not low < value <= high:
            flag = name.removesuffix("_s").replace("_", "-")
            raise InvalidInput(f"--{flag}: must lie above {low:g} and at most at {high:g}, got {value:g}")
    if options.get("mcs") is not None:
        options["mcs"] = parse_mcs(options["mcs"])
    return {name: value for name, value in options.items() if value is not None}
