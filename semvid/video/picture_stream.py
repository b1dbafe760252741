"""The video stream of a written file: which codec, how it is set, and what it says of itself."""

import os
from fractions import Fraction

from av.codec.context import ThreadType
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from semvid.semantics.hdr import HdrColour

LEAST_AV1_SIDE = 64  # pixels; SVT-AV1 never returned from 320 pixels by 24 or fewer, 32 were well

_SMALL_SIDE = 32  # below it a picture is mostly edges, and half the colour resolution shows
_GOP_FRAMES = 48  # a fragment, and so what a crash may cost
_BT709 = 1
_AV1_CRF = 14  # about what H.264 with CRF 16 keeps of a picture: 42 dB
_AV1_PRESET = 10  # as fast as libx264's veryfast
_THREADS = 2  # of the encoder
_AT_ONCE = {
    "tune": "zerolatency",
    "g": "1000000",
    "sc_threshold": "0",
}  # key pictures only where they are asked


def add_h264(
    container: OutputContainer,
    size: tuple[int, int],
    timescale: int,
    frame_rate: Fraction,
    *,
    crf: int,
    preset: str,
    at_once: bool,
) -> VideoStream:
    """H.264 in BT.709, limited range: 4:2:0 for even sizes, 4:4:4 for odd and very small ones.

    Without B-frames packets leave in order of display, so the encoder may count frames and never needs to see
    the real time stamps.

    Args:
        size: width and height, pixels.
        timescale: time units of the track a second.
        frame_rate: nominal.
        crf, preset: of libx264.
        at_once: no frame is held back, and key pictures come only where they are asked for.
    """
    width, height = size
    stream = container.add_stream(
        "libx264",
        rate=frame_rate.limit_denominator(1001),
        options={"crf": str(crf), "preset": preset, "bf": "0"}
        | (_AT_ONCE if at_once else {"g": str(_GOP_FRAMES)}),
    )
    odd_or_small = width % 2 or height % 2 or min(width, height) < _SMALL_SIDE
    stream.width, stream.height = width, height
    stream.pix_fmt = "yuv444p" if odd_or_small else "yuv420p"
    stream.time_base = Fraction(1, timescale)
    codec = stream.codec_context
    codec.time_base = 1 / frame_rate.limit_denominator(1001)
    codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
    codec.color_range = ColorRange.MPEG
    codec.thread_type = ThreadType.SLICE if at_once else ThreadType.FRAME  # slices hold no frames back
    codec.thread_count = _THREADS
    return stream


def add_av1(
    container: OutputContainer,
    size: tuple[int, int],
    timescale: int,
    frame_rate: Fraction,
    colour: HdrColour,
) -> VideoStream:
    """AV1, Main profile, 10 bits, 4:2:0, in the matrix of BT.2020 (non-constant luminance) and limited range.

    AV1 and not HEVC, because Chromium and Firefox decode it everywhere, 10 bits included. Packets leave in
    order of display, as AV1 has it.

    Args:
        size: width and height, pixels, `LEAST_AV1_SIDE` each at least.
        timescale: time units of the track a second.
        frame_rate: nominal.
        colour: what the pictures are.
    """
    os.environ.setdefault("SVT_LOG", "0")  # read by SVT-AV1 when it opens; it prints a banner otherwise
    stream = container.add_stream(
        "libsvtav1",
        rate=frame_rate.limit_denominator(1001),
        options={
            "crf": str(_AV1_CRF),
            "preset": str(_AV1_PRESET),
            "g": str(_GOP_FRAMES),
            "svtav1-params": f"lp={_THREADS}",
        },
    )
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p10le"
    stream.time_base = Fraction(1, timescale)
    codec = stream.codec_context
    codec.time_base = 1 / frame_rate.limit_denominator(1001)
    codec.colorspace = Colorspace.BT2020
    codec.color_primaries, codec.color_trc = colour.primaries, colour.transfer
    codec.color_range = ColorRange.MPEG
    return stream
