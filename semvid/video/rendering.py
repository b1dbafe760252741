"""Pictures of any colour space to what an SDR screen of BT.709 shows, by the numbers.

swscale knows neither light nor primaries, and takes grey and RGB of limited range for full. Here it only lays
samples out, three planes of 16 bits; the rest are tables and matrices, made once for each kind of source, and
one pass over the pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numba import njit
from numpy.typing import NDArray

from semvid.video.colour_tags import (
    BT601,
    BT709,
    BT2020,
    FROM_PRIMARIES,
    HLG,
    IDENTITY,
    YCGCO,
    ColourTags,
    is_grey,
    is_rgb,
)
from semvid.video.primaries import conversion, luminance
from semvid.video.tone_mapping import tone_map
from semvid.video.transfer import HLG_GAMMA, HLG_PEAK, REFERENCE_WHITE, from_light, to_light

_TOP = 65_535
_LUMINANCES = {  # of red and blue (H.273, table 4)
    BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    BT601: (0.299, 0.114),
    7: (0.212, 0.087),
    BT2020: (0.2627, 0.0593),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """One kind of source.

    Attributes:
        decode: float32 [3, 4], planes of 16 bits to 0..65535 of R'G'B'; the last column is added.
        light: float32 [65536], R'G'B' to light.
        weights: float32 [3], of red, green and blue in the luminance of the scene.
        ootf: float32 [n], what light is multiplied by, over luminance 0..1.
        working: float32 [3, 3], to the primaries in which tones are mapped.
        gain: float32 [n], what light is multiplied by, over the largest component 0..``peak``.
        shown: float32 [3, 3], to BT.709.
        code: uint8 [65536], light to the screen.
    """

    decode: NDArray[np.float32]
    light: NDArray[np.float32]
    weights: NDArray[np.float32]
    ootf: NDArray[np.float32]
    working: NDArray[np.float32]
    gain: NDArray[np.float32]
    peak: float
    shown: NDArray[np.float32]
    code: NDArray[np.uint8]


def render(
    frame: VideoFrame, tags: ColourTags, reformatter: VideoReformatter, scaler: Interpolation
) -> NDArray[np.uint8]:
    """``frame``, whose samples mean what ``tags`` say, as [height, width, 3] RGB of BT.709, full range.

    Args:
        frame: of any pixel format.
        tags: from `colour_of`.
        reformatter: of this stream.
        scaler: how chroma is enlarged.

    Raises:
        av.FFmpegError: a pixel format that swscale cannot read.
    """
    return _converted(frame, tags, reformatter, scaler, _tables)


def code_values(
    frame: VideoFrame, tags: ColourTags, reformatter: VideoReformatter, scaler: Interpolation
) -> NDArray[np.uint8]:
    """The same, but only matrix and range are undone: R'G'B' of the source's own primaries and transfer
    function, full range, rounded to 8 bits."""
    return _converted(frame, tags, reformatter, scaler, _plain_tables)


def _converted(
    frame: VideoFrame,
    tags: ColourTags,
    reformatter: VideoReformatter,
    scaler: Interpolation,
    tables_for: Callable[[ColourTags, float, int], _Tables],
) -> NDArray[np.uint8]:
    layout = _layout(frame)
    planes = layout.planes(frame, reformatter, scaler)
    tables = tables_for(tags, layout.one, layout.bits)
    picture = np.empty((frame.height, frame.width, 3), np.uint8)
    _render(
        *planes,
        tables.decode,
        tables.light,
        tables.weights,
        tables.ootf,
        tables.working,
        tables.gain,
        np.float32(1 / tables.peak),
        tables.shown,
        tables.code,
        picture,
    )
    return picture


@dataclass(frozen=True, slots=True)
class _Layout:
    """How swscale lays a pixel format out.

    Attributes:
        format: planes of 16 bits, in the order in which they are to be read.
        range: what swscale is told on both sides, so that it shifts and does not scale.
        bits: of a sample in the source.
        one: what one step of a sample is then.
    """

    format: str
    range: ColorRange
    bits: int
    one: float

    def planes(
        self, frame: VideoFrame, reformatter: VideoReformatter, scaler: Interpolation
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]:
        """Three planes of uint16 [height, width]; of grey, three times the same."""
        laid_out = reformatter.reformat(
            frame,
            format=self.format,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=self.range,
            dst_color_range=self.range,
            interpolation=scaler,
            threads=1,
        )
        views = [_view(laid_out, index) for index in range(len(laid_out.planes))]
        return cast("tuple[NDArray[np.uint16], ...]", (views * 3)[:3])  # type: ignore[return-value]


def _layout(frame: VideoFrame) -> _Layout:
    kind = frame.format
    bits = max(component.bits for component in kind.components)
    if is_rgb(kind):
        return _Layout("gbrp16le", ColorRange.JPEG, bits, 2.0 ** (16 - bits))
    if is_grey(kind):  # which is stretched, not shifted
        return _Layout("gray16le", ColorRange.JPEG, bits, _TOP / (2**bits - 1))
    # FFmpeg holds yuvj formats for full whatever it is told
    told = ColorRange.JPEG if kind.name.startswith("yuvj") else ColorRange.MPEG
    return _Layout("yuv444p16le", told, bits, 2.0 ** (16 - bits))


def _view(frame: VideoFrame, index: int) -> NDArray[np.uint16]:
    plane = frame.planes[index]
    samples = np.frombuffer(memoryview(plane), np.dtype("<u2"))
    return samples.reshape(plane.height, plane.line_size // 2)[:, : frame.width]


@lru_cache(maxsize=8)
def _tables(tags: ColourTags, one: float, bits: int) -> _Tables:
    sample = np.arange(_TOP + 1) / _TOP
    light = to_light(tags.transfer, sample)
    ootf, gain, peak, working = np.ones(1), np.ones(1), 1.0, tags.primaries
    if tags.hdr:
        peak = max(1.0, (HLG_PEAK if tags.transfer == HLG else tags.peak) / REFERENCE_WHITE)
        working = BT2020
        largest = np.maximum(sample * peak, 1e-9)
        gain = tone_map(largest, peak) / largest
    if tags.transfer == HLG:
        ootf = peak * np.maximum(sample, 0.5 / _TOP) ** (HLG_GAMMA - 1)
    return _Tables(
        _single(_TOP * _decode(tags, one, bits)),
        _single(light),
        _single(luminance(tags.primaries)),
        _single(ootf),
        _single(conversion(tags.primaries, working)),
        _single(gain),
        peak,
        _single(conversion(working, BT709)),
        np.rint(255 * from_light(sample)).astype(np.uint8),
    )


@lru_cache(maxsize=8)
def _plain_tables(tags: ColourTags, one: float, bits: int) -> _Tables:
    sample = np.arange(_TOP + 1) / _TOP
    same, nothing = _single(np.ones(1)), _single(np.eye(3))
    return _Tables(
        _single(_TOP * _decode(tags, one, bits)),
        _single(sample),
        _single(np.ones(3)),
        same,
        nothing,
        same,
        1.0,
        nothing,
        np.rint(255 * sample).astype(np.uint8),
    )


def _single(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)


def _decode(tags: ColourTags, one: float, bits: int) -> NDArray[np.float64]:
    """[3, 4]: laid-out planes to R'G'B' 0..1, by range (H.273, 8.3) and matrix."""
    step = 2.0 ** (bits - 8)
    black, white = (0.0, 2.0**bits - 1) if tags.full_range else (16 * step, 235 * step)
    chroma = white if tags.full_range else 224 * step
    if tags.matrix == IDENTITY:  # planes are green, blue, red
        matrix = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
        zero, scale = np.full(3, black), np.full(3, white - black)
    else:
        matrix = _from_ycc(tags)
        zero = np.array([black, 128 * step, 128 * step])
        scale = np.array([white - black, chroma, chroma])
    scaled = matrix / scale
    return np.column_stack([scaled / one, -scaled @ zero])


def _from_ycc(tags: ColourTags) -> NDArray[np.float64]:
    if tags.matrix == YCGCO:
        return np.array([[1.0, -1, 1], [1, 1, 0], [1, -1, -1]])
    if tags.matrix == FROM_PRIMARIES:
        red, _, blue = luminance(tags.primaries)
    else:
        red, blue = _LUMINANCES[tags.matrix]
    green = 1 - red - blue
    cr, cb = 2 * (1 - red), 2 * (1 - blue)
    return np.array([[1, 0, cr], [1, -cb * blue / green, -cr * red / green], [1, cb, 0]])


@njit(cache=True, fastmath=True, nogil=True)
def _render(a, b, c, decode, light, weights, ootf, working, gain, per_peak, shown, code, picture):  # type: ignore[no-untyped-def]
    height, width, _ = picture.shape
    last_ootf, last_gain = len(ootf) - 1, len(gain) - 1
    value = np.empty(3, np.float32)
    for row in range(height):
        for column in range(width):
            p, q, r = np.float32(a[row, column]), np.float32(b[row, column]), np.float32(c[row, column])
            for k in range(3):
                sample = decode[k, 0] * p + decode[k, 1] * q + decode[k, 2] * r + decode[k, 3]
                value[k] = light[int(min(max(sample, 0), 65535) + np.float32(0.5))]
            scene = weights[0] * value[0] + weights[1] * value[1] + weights[2] * value[2]
            factor = ootf[int(min(max(scene, 0), 1) * last_ootf)]
            red, green, blue = factor * value[0], factor * value[1], factor * value[2]
            largest = np.float32(0)
            for k in range(3):
                value[k] = working[k, 0] * red + working[k, 1] * green + working[k, 2] * blue
                largest = max(largest, value[k])
            factor = gain[int(min(largest * per_peak, 1) * last_gain)]
            if largest * per_peak > 1:  # lighter than the source said: it becomes white, hues stay
                factor /= largest * per_peak
            red, green, blue = factor * value[0], factor * value[1], factor * value[2]
            for k in range(3):
                out = shown[k, 0] * red + shown[k, 1] * green + shown[k, 2] * blue
                picture[row, column, k] = code[int(min(max(out, 0), 1) * np.float32(65535) + np.float32(0.5))]
