"""Every method by name: semvid, its variants, every rival, and the source itself.

What each does, and the variables SEMVID_EVAL_LPIPS and SEMVID_EVAL_CACHE: docs/metrics-and-rivals.md.
"""

import math
from collections.abc import Callable
from typing import Final

from evaluation.method import Method
from evaluation.methods.codec import CodecRival
from evaluation.methods.fillers import Blend, Hold
from evaluation.methods.keyframes import UniformKeyframes
from evaluation.methods.paper import PaperCodec
from evaluation.methods.placeholders import H266, LEARNED, Original, Unavailable
from evaluation.methods.semantic import Semvid
from evaluation.methods.skim import PaperSkim
from evaluation.methods.video_code import AV1, H264, H265
from receiver.decoders.embedded import EmbeddedDecoder
from transmitter.rate.model import AT_10_DB

METHODS: Final[dict[str, Callable[[], Method]]] = {
    "semvid": lambda: Semvid("semvid"),
    "semvid-rife": lambda: Semvid("semvid-rife", decoder="rife"),
    # no trials in planning, and a quick preset: what real time costs
    "semvid-quick": lambda: Semvid("semvid-quick", coding_time=0.2),
    # semvid without a network anywhere: detail is put back by guess
    "semvid-unlearned": lambda: Semvid("semvid-unlearned", restorer="none"),
    # no S_rel passes this threshold
    "semvid-no-psss": lambda: Semvid("semvid-no-psss", threshold=math.nextafter(1.0, 0.0)),
    "uniform": lambda: UniformKeyframes("uniform", EmbeddedDecoder()),
    # AV1 of every n-th picture with our network and our interpolation, n and CRF at their best
    "uniform-restored": lambda: UniformKeyframes("uniform-restored", EmbeddedDecoder(), restorer="auto"),
    "keyframes-hold": lambda: UniformKeyframes("keyframes-hold", Hold()),
    "keyframes-blend": lambda: UniformKeyframes("keyframes-blend", Blend()),
    "skim": PaperSkim,
    "h264": lambda: CodecRival("h264", H264),
    "h265": lambda: CodecRival("h265", H265),
    "av1": lambda: CodecRival("av1", AV1),
    "av1-restored": lambda: CodecRival("av1-restored", AV1, restorer="auto"),
    # a plan for 10 dB; what the channel then makes of it
    "semvid-for-10db": lambda: Semvid("semvid-for-10db", planned_for=AT_10_DB),
    # everything fixed for 10 dB, 16QAM 658/1024, nothing repeated: what the channel does to it shows
    "h264-for-10db": lambda: CodecRival("h264-for-10db", H264, 10, 0, planned_snr_db=10.0, block_bytes=1000),
    "h265-for-10db": lambda: CodecRival("h265-for-10db", H265, 10, 0, planned_snr_db=10.0, block_bytes=1000),
    "av1-for-10db": lambda: CodecRival("av1-for-10db", AV1, 10, 0, planned_snr_db=10.0, block_bytes=1000),
    "paper-h264": lambda: PaperCodec("paper-h264", "libx264", "h264", second=False),
    "paper-h265": lambda: PaperCodec("paper-h265", "libx265", "hevc", second=True),
    "original": Original,
    "h266": lambda: Unavailable("h266", H266),
    "learned": lambda: Unavailable("learned", LEARNED),
}
