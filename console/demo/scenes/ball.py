"""A rolling ball: the turned surface of a sphere, lit from the upper left."""

from __future__ import annotations

import math

import numpy as np

from console.demo.scenes.noise import Plane, colour, premultiplied, smoothstep

_LIGHT = np.array([-0.52, -0.62, 0.59])


def ball_layer(width: int, height: int, x: float, y: float, radius: float, roll: float) -> Plane:
    """The ball around ``(x, y)`` after it rolled by ``roll`` radians to the right.

    Args:
        width, height: size of the layer, pixels.
        x, y, radius: of the ball, pixels.
        roll: angle that it has turned in the picture plane.

    Returns:
        RGBA, premultiplied, float32 ``[height, width, 4]``.
    """
    layer = np.zeros((height, width, 4), np.float32)
    top, bottom = max(0, int(y - radius) - 2), min(height, int(y + radius) + 3)
    left, right = max(0, int(x - radius) - 2), min(width, int(x + radius) + 3)
    if top >= bottom or left >= right:
        return layer
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    nx, ny = (columns - x) / radius, (rows - y) / radius
    distance = np.hypot(nx, ny)
    nz = np.sqrt(np.clip(1 - distance**2, 0, 1))
    cosine, sine = math.cos(roll), math.sin(roll)
    turned_x, turned_y = cosine * nx + sine * ny, -sine * nx + cosine * ny
    # six panels meet at two poles that stand slightly off the viewer's axis
    lean = 0.45
    pole_y, pole_z = (
        turned_y * math.cos(lean) - nz * math.sin(lean),
        turned_y * math.sin(lean) + nz * math.cos(lean),
    )
    longitude = np.arctan2(pole_y, turned_x)
    panel = smoothstep(-0.06, 0.06, np.sin(3 * longitude).astype(np.float32))
    cap = smoothstep(0.955, 0.970, np.abs(pole_z).astype(np.float32))
    white, red = colour(0.94, 0.92, 0.86), colour(0.82, 0.20, 0.13)
    surface = white + (red - white) * panel[..., None]
    surface = surface + (colour(0.96, 0.78, 0.25) - surface) * cap[..., None]
    lambert = np.clip(nx * _LIGHT[0] + ny * _LIGHT[1] + nz * _LIGHT[2], 0, 1)
    half = _LIGHT + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    gleam = np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1) ** 60
    bounce = np.clip(ny, 0, 1) ** 2 * 0.16
    lit = surface * (0.24 + 0.86 * lambert)[..., None] + bounce[..., None] * colour(0.75, 0.45, 0.25)
    rgb = lit + 0.5 * gleam[..., None]
    alpha = np.clip((1 - distance) * radius + 0.5, 0, 1)
    layer[top:bottom, left:right] = premultiplied(np.asarray(rgb, np.float32), alpha.astype(np.float32))
    return layer
