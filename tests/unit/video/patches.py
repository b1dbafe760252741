"""Videos of plain patches whose samples are set one by one, so that no converter stands in between."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_frames

SIDE = 32  # pixels of a patch: chroma does not reach its middle from the next one
Triple = tuple[float, float, float]
# red and blue, as printed in BT.709, BT.601, BT.2020, SMPTE 240M and FCC 73.682
LUMA = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    12: (0.2126, 0.0722),
}


def ycc(rgb: Triple, matrix: int) -> Triple:
    """Y', Cb and Cr: 0..1, -0.5..0.5."""
    r, g, b = rgb
    if matrix == 8:
        return 0.25 * r + 0.5 * g + 0.25 * b, 0.5 * g - 0.25 * (r + b), 0.5 * (r - b)
    kr, kb = LUMA[matrix]
    y = kr * r + (1 - kr - kb) * g + kb * b
    return y, (b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)


def codes(values: Triple, bits: int, full: bool) -> list[int]:
    """ITU-T H.273, equations 20 to 25."""
    y, cb, cr = values
    if full:
        return [
            round((2**bits - 1) * v + offset)
            for v, offset in zip((y, cb, cr), (0, 2 ** (bits - 1), 2 ** (bits - 1)), strict=True)
        ]
    step = 2 ** (bits - 8)
    return [round(step * (219 * y + 16)), round(step * (224 * cb + 128)), round(step * (224 * cr + 128))]


def write_codes(
    path: Path,
    patches: Sequence[Sequence[int]],
    pixel_format: str,
    tags: Sequence[int],
    *,
    codec: str = "ffv1",
    options: dict[str, str] | None = None,
    frames: int = 2,
    aspect: Fraction = Fraction(1),
    rows: int = 1,
) -> Path:
    """The same row of patches ``rows`` times, each one code for every plane.

    ``tags``: matrix, primaries, transfer, range.
    """
    frame = av.VideoFrame(SIDE * len(patches), SIDE * rows, pixel_format)
    for plane, values in zip(frame.planes, zip(*patches, strict=True), strict=True):
        dtype = np.dtype(np.uint8 if plane.line_size < 2 * plane.width else "<u2")
        row = np.zeros(plane.line_size // dtype.itemsize, dtype)
        row[: plane.width] = np.repeat(values, plane.width // len(patches))
        plane.update(np.tile(row, plane.height).tobytes())
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, pixel_format
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = tags
        context.sample_aspect_ratio = aspect
        frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = tags
        for index in range(frames):
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_patches(
    path: Path,
    patches: Sequence[Triple],
    tags: Sequence[int],
    pixel_format: str = "yuv420p10le",
    **options: Any,
) -> Path:
    """The same, each patch given by R'G'B' 0..1."""
    bits = int(pixel_format[7:9]) if pixel_format.endswith("le") else 8
    coded = [codes(ycc(rgb, tags[0]), bits, tags[3] == 2) for rgb in patches]
    return write_codes(path, coded, pixel_format, tags, **options)


def shown(path: Path) -> tuple[SourceInfo, list[list[int]]]:
    """What `probe` says, and the middle of each patch in the first frame."""
    info = probe(path)
    frame = next(iter(read_frames(path, info))).picture
    middles = range(SIDE // 2, frame.shape[1], SIDE)
    return info, [[int(v) for v in frame[SIDE // 2, column]] for column in middles]
