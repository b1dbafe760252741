"""What is compared: semvid and its rivals, each behind one small interface.

A method gets a clip, the conditions of the channel and a budget, and gives back every frame that a receiver
would show, with the channel uses that it took. All are counted alike (`semvid.accounting`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from evaluation.clips import Clip
from semvid.images.types import Picture


@dataclass(frozen=True, slots=True)
class Conditions:
    """The channel, the same draws for every method.

    Attributes:
        snr_db: mean Es/N0.
        model: a key of `channel.models`.
        coherence_symbols: of a fading block; None: the model's default.
        seed: of fading and noise.
    """

    snr_db: float = 10.0
    model: str = "awgn"
    coherence_symbols: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came out of one method on one clip.

    Attributes:
        pictures: starts a pass over exactly the clip's frames, in order; not to be called when ``failed``.
        symbols: channel uses by ledger class.
        crossed: symbols that the channel really was applied to; equals the sum of ``symbols``.
        keyframes: indices of frames that crossed as pictures; empty for a video code.
        settings: what the method chose (CRF, scale, frame step, ...), and versions where they matter.
        failed: why nothing can be shown; empty where all is well.
    """

    pictures: Callable[[], Iterator[Picture]]
    symbols: dict[str, int]
    crossed: int
    keyframes: list[int] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


class Method(Protocol):
    """Takes a clip across the channel.

    Attributes:
        name: of the row in tables.
    """

    name: str

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """One clip under one set of conditions.

        Args:
            target_cbr: channel uses per source sample to spend at most; None: the method's own default.
            folder: an empty one, for what is too large for memory; the outcome may refer to files in it.

        Raises:
            MissingComponent: an encoder or a package is not there; the message says what installs it.
        """
        ...


def _semvid(name: str, **options: Any) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.rivals.semantic import Semvid

        return Semvid(name, **options)

    return make


def _codec(name: str, code: str) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.rivals import video_code
        from evaluation.rivals.codec import CodecRival

        return CodecRival(name, getattr(video_code, code))

    return make


def _unadapted(name: str, code: str) -> Callable[[], Method]:
    """Everything fixed for 10 dB, 16QAM 658/1024, nothing repeated: what the channel does to it shows."""

    def make() -> Method:
        from evaluation.rivals import video_code
        from evaluation.rivals.codec import CodecRival

        return CodecRival(name, getattr(video_code, code), 10, 0, planned_snr_db=10.0, block_bytes=1000)

    return make


def _uniform(name: str, decoder: str) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.rivals import fillers
        from evaluation.rivals.keyframes import UniformKeyframes
        from receiver.decoders.decoder import Decoder
        from receiver.decoders.embedded import EmbeddedDecoder

        decoders: dict[str, Callable[[], Decoder]] = {
            "hold": fillers.Hold,
            "blend": fillers.Blend,
            "bridge": EmbeddedDecoder,
        }
        return UniformKeyframes(name, decoders[decoder]())

    return make


def _skim() -> Method:
    from evaluation.rivals.skim import PaperSkim

    return PaperSkim()


def _paper(name: str, encoder: str, decoder: str, second: bool) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.rivals.paper import PaperCodec

        return PaperCodec(name, encoder, decoder, second)

    return make


def _unavailable(name: str, reason: str) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.rivals import unavailable

        return unavailable.Unavailable(name, getattr(unavailable, reason))

    return make


METHODS: dict[str, Callable[[], Method]] = {
    # what each does, and the variables SEMVID_EVAL_LPIPS and SEMVID_EVAL_CACHE: docs/metrics-and-rivals.md
    "semvid": _semvid("semvid"),
    "semvid-no-psss": _semvid("semvid-no-psss", threshold=math.nextafter(1.0, 0.0)),  # no S_rel passes it
    "uniform": _uniform("uniform", "bridge"),
    "keyframes-hold": _uniform("keyframes-hold", "hold"),
    "keyframes-blend": _uniform("keyframes-blend", "blend"),
    "skim": _skim,
    "h264": _codec("h264", "H264"),
    "h265": _codec("h265", "H265"),
    "av1": _codec("av1", "AV1"),
    "h264-for-10db": _unadapted("h264-for-10db", "H264"),
    "h265-for-10db": _unadapted("h265-for-10db", "H265"),
    "av1-for-10db": _unadapted("av1-for-10db", "AV1"),
    "paper-h264": _paper("paper-h264", "libx264", "h264", second=False),
    "paper-h265": _paper("paper-h265", "libx265", "hevc", second=True),
    "h266": _unavailable("h266", "H266"),
    "learned": _unavailable("learned", "LEARNED"),
}
