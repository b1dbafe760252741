"""A room: sunlight wanders over the wall, a ball rolls across the table, the camera comes closer."""

from __future__ import annotations

import math

import cv2
import numpy as np

from console.demo.scenes.ball import ball_layer
from console.demo.scenes.noise import Plane, colour, fractal, mix, over, premultiplied, smoothstep

_TABLE_EDGE = 0.60  # of the height
_PUSH_IN = 0.10  # by which the camera enlarges the picture during the scene


class TableScene:
    """Paints wall, table and vase once and adds light, shadows and the ball for any instant.

    Args:
        rng: source of all randomness.
        width, height: size of the pictures, pixels.
    """

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._edge = round(_TABLE_EDGE * height)
        self._wall = _plaster(rng, self._edge, width)
        self._table = _wood(rng, height - self._edge, width)
        self._vase = _vase(rng, height, width, x=0.70 * width, foot=0.735 * height)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._x, self._y = x, y

    def picture(self, t: float) -> Plane:
        """The scene at ``t`` in 0..1: float32 RGB ``[height, width, 3]``, 0..1."""
        height, width = self._height, self._width
        wall = self._wall * self._window_light(t)[: self._edge, :, None]
        table = self._table * (1.02 - 0.10 * t)
        scene = np.concatenate([wall, table]).astype(np.float32)
        scene *= 1 - self._contact_shadow(0.70 * width, 0.745 * height, 0.11 * height)[..., None] * 0.62
        radius = 0.125 * height
        eased = 1 - (1 - t) ** 1.6
        x, foot = width * (-0.10 + 0.64 * eased), height * (0.90 - 0.02 * t)
        scene = over(scene, self._vase)
        scene *= 1 - self._contact_shadow(x, foot, radius)[..., None] * 0.70
        scene = over(
            scene, ball_layer(width, height, x, foot - radius, radius, roll=(x + 0.1 * width) / radius)
        )
        zoom = 1 + _PUSH_IN * (0.5 - 0.5 * math.cos(math.pi * t))
        middle_x, middle_y = 0.55 * width, 0.62 * height
        matrix = np.array([[zoom, 0, middle_x * (1 - zoom)], [0, zoom, middle_y * (1 - zoom)]])
        return np.asarray(cv2.warpAffine(scene, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)

    def _window_light(self, t: float) -> Plane:
        """Brightness over the wall: four slanting panes of sunlight in a soft ambient light."""
        height, width = self._height, self._width
        u = (self._x - width * (0.16 + 0.07 * t)) / (0.44 * width) - 0.25 * (self._y / height - 0.2)
        v = (self._y - 0.04 * height) / (0.44 * height) - 0.10 * u
        pane_u = np.abs(np.abs(u - 0.5) - 0.25)
        pane_v = np.abs(np.abs(v - 0.5) - 0.25)
        panes = smoothstep(0.245, 0.215, pane_u.astype(np.float32)) * smoothstep(
            0.245, 0.205, pane_v.astype(np.float32)
        )
        ambient = 0.60 - 0.16 * self._x / width + 0.10 * self._y / height
        return np.asarray(ambient + panes * (0.52 - 0.10 * t), np.float32)

    def _contact_shadow(self, x: float, y: float, radius: float) -> Plane:
        dx, dy = self._x - x, self._y - y
        tight = np.exp(-((dx / (0.75 * radius)) ** 2) - ((dy / (0.16 * radius)) ** 2))
        along = dx - 0.95 * radius
        wide = np.exp(-((along / (1.45 * radius)) ** 2) - (((dy + 0.06 * along) / (0.30 * radius)) ** 2))
        below = smoothstep(-3.0, 6.0, self._y - self._edge)
        return np.asarray(np.clip(0.85 * tight + 0.75 * wide, 0, 1) * below, np.float32)


def _plaster(rng: np.random.Generator, height: int, width: int) -> Plane:
    bumps = fractal(rng, height + 1, width + 1, (40, 72), 4)
    stains = fractal(rng, height, width, (2, 4), 4)
    relief = 1 + 0.34 * (bumps[1:, 1:] - bumps[:-1, :-1]) + 0.12 * (stains - 0.5)
    wall = relief[..., None] * colour(0.97, 0.89, 0.77)
    skirting = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return np.asarray(wall * (1 - 0.22 * skirting**8), np.float32)


def _wood(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Planks that run towards the viewer's right, in perspective."""
    texture_side = 1024
    grain = fractal(rng, texture_side, texture_side, (90, 5), 4)
    rings = fractal(rng, texture_side, texture_side, (10, 2), 3)
    plank = np.arange(texture_side) * 9 // texture_side
    shift = rng.uniform(0, 6, 9)[plank][:, None]
    bands = 0.5 + 0.5 * np.sin(2 * np.pi * (rings * 9 + shift))
    tone = 0.74 + 0.14 * grain + 0.10 * bands + rng.uniform(-0.06, 0.06, 9)[plank][:, None]
    phase = np.arange(texture_side) * 9 / texture_side % 1
    seam = 1 - 0.45 * np.exp(-((np.minimum(phase, 1 - phase) / 0.012) ** 2))[:, None]
    texture = ((tone * seam)[..., None] * colour(0.66, 0.43, 0.25) * 1.05).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    near = 0.42 + 0.75 * y / height
    u = ((x / width - 0.5) / near * 0.62 + 0.5) * texture_side
    v = (1.55 - 0.60 / near) * 0.9 * texture_side
    table = cv2.remap(texture, u, v, cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    edge = 1 - 0.5 * np.exp(-((y - 1) ** 2) / 3)
    sheen = 0.16 * np.exp(-((y / height) ** 2) * 7) * np.exp(-(((x / width - 0.40) / 0.25) ** 2))
    light = (0.80 + 0.25 * (1 - np.abs(x / width - 0.4))) * edge
    return np.asarray(table * light[..., None] + sheen[..., None] * colour(1, 0.95, 0.85), np.float32)


def _vase(rng: np.random.Generator, height: int, width: int, x: float, foot: float) -> Plane:
    """A glazed vase with dry twigs: the half-width over the height gives outline and shading."""
    tall = 0.36 * height
    up = np.linspace(0, 1, 400)
    half = 0.115 * height * (0.52 + 0.55 * np.sin(np.pi * np.clip(up * 0.95 + 0.08, 0, 1)) ** 1.3)
    half = np.where(up > 0.80, half * (1 - 0.35 * np.sin(np.pi * (up - 0.80) / 0.30)), half)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    level = (foot + 0.02 * height - rows) / tall
    reach = np.interp(level, up, half, left=0, right=0)
    across = (columns - x) / np.maximum(reach, 1)
    sag = level + 0.035 * (1 - np.clip(across, -1, 1) ** 2) * np.sign(0.5 - level)  # round foot and rim
    inside = np.clip((1 - np.abs(across)) * reach, 0, 1) * smoothstep(0.0, 0.012, sag.astype(np.float32))
    inside *= smoothstep(1.0, 0.99, level)
    normal_z = np.sqrt(np.clip(1 - across**2, 0, 1))
    lambert = np.clip(-0.62 * across + 0.70 * normal_z, 0, 1)
    glaze = 0.92 + 0.16 * fractal(rng, height, width, (14, 20), 4)
    shade = (0.22 + 0.80 * lambert + 0.10 * np.clip(across, 0, 1) ** 4) * glaze
    body = shade[..., None] * colour(0.20, 0.42, 0.46)
    band = np.exp(-(((level - 0.60) / 0.035) ** 2)) + np.exp(-(((level - 0.70) / 0.015) ** 2))
    body = mix(
        np.asarray(body, np.float32),
        np.asarray(shade[..., None] * colour(0.86, 0.80, 0.66), np.float32),
        np.clip(band, 0, 1).astype(np.float32),
    )
    gleam = np.exp(-(((across + 0.45) / 0.12) ** 2) - ((level - 0.55) / 0.22) ** 2)
    layer = premultiplied(np.asarray(body + 0.55 * gleam[..., None], np.float32), inside.astype(np.float32))
    return over_layer(_twigs(rng, height, width, x, foot - tall + 0.03 * height), layer)


def over_layer(below: Plane, above: Plane) -> Plane:
    """Two premultiplied RGBA layers as one."""
    return np.asarray(below * (1 - above[..., 3:]) + above, np.float32)


def _twigs(rng: np.random.Generator, height: int, width: int, x: float, y: float) -> Plane:
    scale = 4
    canvas = np.zeros((height * scale, width * scale, 4), np.uint8)
    for _ in range(9):
        angle, length = rng.normal(0, 0.34), height * rng.uniform(0.20, 0.33)
        steps = np.linspace(0, 1, 8)
        stem_x = x + rng.normal(0, 0.01) * width + length * np.sin(angle) * steps**1.4
        stem_y = y - length * np.cos(angle) * steps
        points = np.stack([stem_x, stem_y], 1)
        cv2.polylines(canvas, [(points * scale).round().astype(np.int32)], False, (92, 74, 48, 255), 4)
        for along in np.linspace(0.35, 1, 13):
            bud_x = np.interp(along, steps, stem_x) + rng.normal(0, 0.008) * width
            bud_y = np.interp(along, steps, stem_y) + rng.normal(0, 0.006) * height
            size = height * rng.uniform(0.006, 0.012)
            tone = rng.uniform(0.7, 1.1)
            axes = (round(size * scale), round(size * scale * 0.65))
            centre = (round(bud_x * scale), round(bud_y * scale))
            rgb = (int(214 * tone) if tone < 1.1 else 235, int(150 * tone), int(96 * tone), 255)
            cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, rgb, -1)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / 255)
