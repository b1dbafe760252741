"""A small sailing boat, with its mirror image and the shade that it casts on the water."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from console.demo.scenes.noise import Plane

_SCALE = 4  # painted larger, then averaged down: soft edges
_WATERLINE = 0.80  # of the sprite's height

Shape = list[tuple[float, float]]


def boat_sprite(height: int) -> Plane:
    """The boat above its waterline and its blurred mirror image below.

    Args:
        height: of the whole sprite, pixels.

    Returns:
        RGBA, premultiplied, float32 ``[height, height, 4]``.
    """
    side = height * _SCALE
    canvas = np.zeros((side, side, 4), np.uint8)
    _fill(canvas, [(0.49, 0.05), (0.505, 0.05), (0.505, 0.73), (0.49, 0.73)], (88, 66, 48))
    mainsail = [(0.485, 0.08), (0.485, 0.66), (0.20, 0.68), (0.27, 0.50), (0.38, 0.28)]
    _fill(canvas, mainsail, (238, 234, 222))
    _fill(canvas, [(0.485, 0.08), (0.485, 0.66), (0.40, 0.665), (0.43, 0.36)], (214, 208, 196))
    _fill(canvas, [(0.51, 0.12), (0.515, 0.67), (0.76, 0.69), (0.66, 0.46)], (226, 222, 212))
    _fill(canvas, [(0.51, 0.12), (0.515, 0.67), (0.58, 0.675)], (198, 193, 184))
    for y in (0.30, 0.44, 0.57):
        cv2.line(
            canvas,
            _pixel(canvas, 0.485, y),
            _pixel(canvas, 0.60 - y * 0.62, y + 0.02),
            (206, 200, 186, 255),
            2,
        )
    _fill(canvas, [(0.14, 0.71), (0.86, 0.70), (0.78, 0.80), (0.22, 0.80)], (140, 42, 34))
    _fill(canvas, [(0.14, 0.71), (0.86, 0.70), (0.845, 0.725), (0.15, 0.735)], (232, 226, 214))
    _fill(canvas, [(0.20, 0.775), (0.80, 0.775), (0.78, 0.80), (0.22, 0.80)], (84, 24, 22))
    _fill(canvas, [(0.36, 0.61), (0.40, 0.60), (0.42, 0.715), (0.34, 0.715)], (38, 62, 104))  # the sailor
    cv2.circle(canvas, _pixel(canvas, 0.382, 0.58), side // 42, (196, 150, 120, 255), -1)
    sprite = cv2.resize(canvas, (height, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _with_mirror_image(sprite)


def _with_mirror_image(sprite: Plane) -> Plane:
    side = sprite.shape[0]
    waterline = round(_WATERLINE * side)
    below = side - waterline
    image = cv2.resize(sprite[:waterline][::-1], (side, round(waterline * 0.8)), interpolation=cv2.INTER_AREA)
    image = cv2.GaussianBlur(image, (0, 0), 1.2)[:below].copy()
    fade = np.linspace(0.62, 0.12, below, dtype=np.float32)[:, None, None]
    wobble = np.sin(np.arange(below) * 1.1) * np.linspace(0.3, 2.2, below)
    for row, shift in enumerate(wobble):
        image[row] = np.roll(image[row], round(float(shift)), axis=0)
    image *= fade
    image[..., :3] *= 0.72
    whole = sprite.copy()
    whole[waterline:] = image
    foam = np.exp(-(((np.arange(side) / side - 0.5) / 0.30) ** 4)).astype(np.float32)
    whole[waterline - 1 : waterline + 1] += 0.35 * foam[None, :, None]
    return np.clip(whole, 0, 1)


def place(picture: Plane, sprite: Plane, x: float, y: float, tilt: float) -> Plane:
    """Lays ``sprite`` over ``picture`` the waterline's middle at ``(x, y)``, turned by ``tilt`` radians."""
    side = sprite.shape[0]
    cosine, sine = math.cos(tilt), math.sin(tilt)
    middle, waterline = side / 2, _WATERLINE * side
    matrix = np.array(
        [
            [cosine, -sine, x - cosine * middle + sine * waterline],
            [sine, cosine, y - sine * middle - cosine * waterline],
        ]
    )
    layer = cv2.warpAffine(sprite, matrix, (picture.shape[1], picture.shape[0]), flags=cv2.INTER_LINEAR)
    return np.asarray(picture * (1 - layer[..., 3:]) + layer[..., :3], np.float32)


def _pixel(canvas: NDArray[np.uint8], x: float, y: float) -> tuple[int, int]:
    side = canvas.shape[0]
    return round(x * side), round(y * side)


def _fill(canvas: NDArray[np.uint8], shape: Shape, rgb: tuple[int, int, int]) -> None:
    points = np.array([_pixel(canvas, x, y) for x, y in shape], np.int32)
    cv2.fillPoly(canvas, [points], (*rgb, 255), lineType=cv2.LINE_8)
