"""Every method by name: semvid, its variants, every rival, and the source itself.

What each does, and the variables SEMVID_EVAL_LPIPS and SEMVID_EVAL_CACHE: docs/metrics-and-rivals.md.
A method is imported when it is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from evaluation.method import Method


def _semvid(name: str, **options: Any) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.methods.semantic import Semvid

        return Semvid(name, **options)

    return make


def _codec(name: str, code: str) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.methods import video_code
        from evaluation.methods.codec import CodecRival

        return CodecRival(name, getattr(video_code, code))

    return make


def _unadapted(name: str, code: str) -> Callable[[], Method]:
    """Everything fixed for 10 dB, 16QAM 658/1024, nothing repeated: what the channel does to it shows."""

    def make() -> Method:
        from evaluation.methods import video_code
        from evaluation.methods.codec import CodecRival

        return CodecRival(name, getattr(video_code, code), 10, 0, planned_snr_db=10.0, block_bytes=1000)

    return make


def _uniform(name: str, decoder: str) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.methods import fillers
        from evaluation.methods.keyframes import UniformKeyframes
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
    from evaluation.methods.skim import PaperSkim

    return PaperSkim()


def _paper(name: str, encoder: str, decoder: str, second: bool) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.methods.paper import PaperCodec

        return PaperCodec(name, encoder, decoder, second)

    return make


def _original() -> Method:
    from evaluation.methods.placeholders import Original

    return Original()


def _unavailable(name: str, reason: str) -> Callable[[], Method]:
    def make() -> Method:
        from evaluation.methods import placeholders

        return placeholders.Unavailable(name, getattr(placeholders, reason))

    return make


METHODS: Final[dict[str, Callable[[], Method]]] = {
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
    "original": _original,
    "h266": _unavailable("h266", "H266"),
    "learned": _unavailable("learned", "LEARNED"),
}
