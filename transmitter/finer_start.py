"""Whether a finer first picture pays: later ones inherit from it where a scene is calm."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

import numpy as np

from semvid.pictures.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from transmitter.excerpts import TRIAL_EXCESS, TRIAL_PRESET, Excerpts
from transmitter.keyframes.bridging import dissimilarity
from transmitter.rate import OperatingPoint
from transmitter.shrinking import coded_size, shrunk_to, shrunk_to_area

_FINER_STARTS: Final = (16, 32)  # quantiser steps
_INHERITED_S: Final = 20.0  # for so long at most does a finer first picture count; scenes change
_LOSS_PER_DISSIMILARITY: Final = 1.0  # LPIPS; of coded pictures within a clip
_JUDGED_AREA: Final = 288 * 160  # pixels of the copies on which coded pictures are judged


def with_finer_start(excerpts: Excerpts, point: OperatingPoint) -> OperatingPoint:
    """``point`` with the finer start that gains most at its slope, or none."""
    source = excerpts.source
    starts = (0, *_FINER_STARTS)
    first_bytes = dict.fromkeys(starts, 0)
    losses: dict[int, list[float]] = {finer: [] for finer in starts}
    size = coded_size(source, point.shrink)
    with ExitStack() as stack:
        coders = {
            finer: stack.enter_context(
                KeyframeEncoder(*size, point.crf, preset=TRIAL_PRESET, finer_start=finer)
            )
            for finer in starts
        }
        decoders = {finer: KeyframeDecoder(*size) for finer in starts}
        for selected in excerpts.beginning().keyframes(point):
            picture = shrunk_to(selected.frame.picture, size)
            real = shrunk_to_area(picture, _JUDGED_AREA)
            for finer, coder in coders.items():
                packet = coder.encode(picture).packet
                first_bytes[finer] = first_bytes[finer] or len(packet)
                decoded = decoders[finer].decode(packet)
                losses[finer].append(dissimilarity(real, shrunk_to_area(decoded, _JUDGED_AREA)))
    inheriting = min(source.frame_count_hint, math.ceil(_INHERITED_S * source.frame_rate))
    samples = 3 * source.width * source.height

    def cost(finer: int) -> float:
        later = losses[finer][1:] or losses[finer]
        symbols = point.link.symbols_of(first_bytes[finer] / TRIAL_EXCESS)
        return _LOSS_PER_DISSIMILARITY * inheriting * float(np.mean(later)) + point.slope * symbols / samples

    return replace(point, finer_start=min(starts, key=cost))
