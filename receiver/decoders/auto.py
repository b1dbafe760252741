"""``auto``: the best decoder that is there and keeps pace."""

import time
from typing import Final

import numpy as np
import structlog

from receiver.decoders.decoder import Decoder, SegmentRequest
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.decoders.options import DecoderOptions
from receiver.decoders.rife import RifeDecoder
from semvid.errors import InvalidInput, MissingComponent

USUAL_PACE: Final = 24.0
"""Frames per second that a decoder must make where the setting names no other number."""
USUAL_SIZE: Final = (576, 320)
"""Width and height of the pictures that it is measured with, pixels."""

_MEASURED: Final = 3  # frames, behind a first one that loads and plans; the fastest counts

_log = structlog.get_logger(__name__)


def choose(argument: str, options: DecoderOptions) -> Decoder:
    """RIFE where its weights and ONNX Runtime are there and it keeps pace on this machine, else the embedded
    decoder. The profile that the sender is told, and the log, say which it is.

    Args:
        argument: frames per second of `USUAL_SIZE` to keep; empty: `USUAL_PACE`.
        options: for the decoder.

    Raises:
        InvalidInput: the argument is no positive number, or an option that RIFE refuses.
    """
    wanted = _pace(argument)
    try:
        rife = RifeDecoder("", options)
    except MissingComponent as error:
        _log.info("decoder auto takes embedded", reason=str(error))
        return EmbeddedDecoder()
    kept = frames_per_second(rife)
    if kept < wanted:
        _log.info("decoder auto takes embedded", rife_frames_per_s=round(kept, 1), wanted=wanted)
        return EmbeddedDecoder()
    _log.info("decoder auto takes rife", rife_frames_per_s=round(kept, 1), wanted=wanted, device=rife.device)
    return rife


def frames_per_second(decoder: Decoder) -> float:
    """How fast a decoder makes a segment of `USUAL_SIZE`, on this machine as busy as it is now."""
    width, height = USUAL_SIZE
    still = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    request = SegmentRequest(still, still, width, height, "", None, 1 + _MEASURED, USUAL_PACE, seed=0)
    frames = decoder.generate(request, lambda _: None, lambda: False)
    next(frames)
    times = [time.perf_counter(), *(time.perf_counter() for _ in frames)]
    return float(1 / np.diff(times).min())


def _pace(argument: str) -> float:
    try:
        pace = float(argument or USUAL_PACE)
    except ValueError:
        pace = 0.0
    if not 0 < pace < float("inf"):
        raise InvalidInput(
            f"decoder auto: {argument!r} is no pace; give frames per second above 0, such as auto:12, or "
            f"nothing for {USUAL_PACE:g}"
        )
    return pace
