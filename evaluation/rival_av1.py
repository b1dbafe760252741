"""SVT-AV1 as a rival: all frames, or every third held, at three sizes; elementary stream, no container."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from evaluation.symbol_count import SymbolCount
from semvid.accounting import cbr
from semvid.images.scheduling import ordinary_priority
from semvid.images.types import Picture
from semvid.images.yuv import from_yuv420, to_yuv420
from semvid.video.probe import SourceInfo

SCALES: Final = (1, 2, 4)  # divisors of the sides
STEPS: Final = (1, 3)  # frames
CRFS: Final = (63, 56, 48)
PRESET: Final = 5


def av1_points(
    pictures: Sequence[Picture], source: SourceInfo, snr_db: float, highest_cbr: float
) -> list[dict[str, Any]]:
    """Points up to just above ``highest_cbr``.

    Returns:
        ``scale``, ``step``, ``crf``, ``symbols`` and ``shown``: a picture for every frame.
    """
    points = []
    for scale in SCALES:
        for step in STEPS:
            for crf in CRFS:
                packets, shown = _code(pictures, source, scale, step, crf)
                count = SymbolCount(snr_db)
                count.stream(packets)
                point = {"scale": scale, "step": step, "crf": crf, "symbols": count.symbols, "shown": shown}
                points.append(point)
                if cbr(count.symbols, len(pictures), source.height, source.width) > highest_cbr:
                    break
    return points


def _code(
    pictures: Sequence[Picture], source: SourceInfo, scale: int, step: int, crf: int
) -> tuple[list[bytes], list[Picture]]:
    os.environ.setdefault("SVT_LOG", "0")
    width, height = (max(64, 2 * round(side / scale / 2)) for side in (source.width, source.height))
    encoder = av.CodecContext.create("libsvtav1", "w")
    decoder = av.CodecContext.create("libdav1d", "r")
    assert isinstance(encoder, VideoCodecContext)
    assert isinstance(decoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate = source.frame_rate / step
    encoder.time_base = 1 / encoder.framerate
    encoder.options = {"preset": str(PRESET), "crf": str(crf), "svtav1-params": "keyint=-1:lp=1"}
    with ordinary_priority():
        encoder.open()
    packets: list[bytes] = []
    for number, picture in enumerate(pictures[::step]):
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) if scale > 1 else picture
        frame = VideoFrame.from_ndarray(to_yuv420(np.asarray(small, np.uint8), width, height), "yuv420p")
        frame.pts = number
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    packets += [bytes(packet) for packet in encoder.encode(None)]
    decoded = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    decoded += decoder.decode(None)
    shown: list[Picture] = []
    for frame in decoded:
        small = from_yuv420(frame.to_ndarray().astype(np.uint8, copy=False), width, height)
        full = (source.width, source.height)
        picture = cv2.resize(small, full, interpolation=cv2.INTER_CUBIC) if scale > 1 else small
        shown += [np.asarray(picture, np.uint8)] * step
    return packets, shown[: len(pictures)]
