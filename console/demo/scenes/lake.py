"""A lake below mountains: the camera pans, clouds drift, a sailing boat crosses, the light warms."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from console.demo.scenes.boat import boat_sprite, place
from console.demo.scenes.noise import Plane, colour, crop, fractal, mix, over, premultiplied, smoothstep

_HORIZON = 0.56  # of the height
_PAN = 0.16  # of the width, by which the nearest shore moves during the scene


class LakeScene:
    """Paints its layers once and composes them for any instant.

    Args:
        rng: source of all randomness.
        width, height: size of the pictures, pixels.
    """

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._horizon = round(_HORIZON * height)
        wide = width + round(_PAN * 1.6 * width) + 4
        self._sky = _sky(rng, self._horizon, wide)
        self._mountains = _mountains(rng, self._horizon, wide)
        self._hills = [
            _wooded_hill(rng, self._horizon, wide, rise=0.30, tree=0.040, haze=0.45, lean=1.0),
            _wooded_hill(rng, self._horizon, wide, rise=0.17, tree=0.062, haze=0.14, lean=-1.0),
        ]
        self._shore = _shore(rng, height, wide)
        self._ripples = fractal(rng, 256, 256, (40, 10), 3) - 0.5
        self._boat = boat_sprite(round(0.30 * height))

    def picture(self, t: float) -> Plane:
        """The scene at ``t`` in 0..1: float32 RGB ``[height, width, 3]``, 0..1."""
        pan = _PAN * self._width * (0.5 - 0.5 * math.cos(math.pi * t))
        above = crop(self._sky, 0.10 * pan + 0.12 * _PAN * self._width * t, self._width)
        above = over(above, crop(self._mountains, 0.22 * pan, self._width))
        for hill, parallax in zip(self._hills, (0.45, 0.75), strict=True):
            above = over(above, crop(hill, parallax * pan, self._width))
        scene = np.concatenate([above, self._water(above, t)])
        bob = 0.4 * math.sin(9 * math.pi * t)
        scene = place(
            scene,
            self._boat,
            x=self._width * (0.20 + 0.50 * t) - 0.8 * pan,
            y=self._height * 0.735 + bob,
            tilt=0.02 * math.sin(7 * math.pi * t + 1),
        )
        scene = over(scene, crop(self._shore, 1.6 * pan, self._width))
        return self._light(scene, t)

    def _water(self, above: Plane, t: float) -> Plane:
        rows = self._height - self._horizon
        depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
        y, x = np.mgrid[0:rows, 0 : self._width].astype(np.float32)
        # ripples get longer and slower with distance: sample the pattern in perspective
        u = (x / self._width - 0.5) * 200 / (0.35 + depth) + 128
        v = 60 * np.log(depth * 6 + 0.25) + 40 * t
        slope = cv2.remap(
            self._ripples,
            u,
            np.broadcast_to(v, u.shape).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        fine = cv2.remap(
            self._ripples,
            u * 2.3 + 30 * t,
            np.asarray(v * 2.1 + 0 * u, np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        slope = slope + 0.6 * fine
        source_y = np.clip(self._horizon - 1 - y * 0.92 - slope * (6 + 26 * depth), 0, self._horizon - 1)
        source_x = np.clip(x + slope * (2 + 8 * depth), 0, self._width - 1)
        mirrored = cv2.remap(above, source_x, source_y.astype(np.float32), cv2.INTER_LINEAR)
        body = colour(0.05, 0.16, 0.20)
        reflectance = np.broadcast_to(0.82 - 0.40 * depth, u.shape)
        water = body + (mirrored - body) * reflectance[..., None]
        glint = np.clip(slope - 0.33, 0, None) * (0.5 + depth)
        shore_shade = 1 - 0.35 * np.exp(-depth * 60)
        return np.asarray((water + 0.9 * glint[..., None]) * shore_shade[..., None], np.float32)

    def _light(self, scene: Plane, t: float) -> Plane:
        # the shadow of a cloud crosses, while the light turns from noon to late afternoon
        x = np.linspace(0, 1, self._width, dtype=np.float32)
        shadow = 1 - 0.26 * np.exp(-(((x - (-0.4 + 1.7 * t)) / 0.26) ** 2))
        warmth = 0.5 - 0.5 * math.cos(math.pi * t)
        tint = colour(1.0, 1.0, 1.0) + warmth * colour(0.07, -0.02, -0.14)
        return np.asarray(scene * (shadow[None, :, None] * tint), np.float32)


def _sky(rng: np.random.Generator, height: int, width: int) -> Plane:
    up = np.linspace(1, 0, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    sky = mix(
        np.ones((height, width, 3), np.float32) * colour(0.84, 0.89, 0.93),
        np.ones((height, width, 3), np.float32) * colour(0.25, 0.46, 0.73),
        up**0.75,
    )
    field = fractal(rng, height * 2, width, (5, 5), 7)
    # clouds flatten towards the horizon
    rows = (np.linspace(0, 1, height, dtype=np.float32) ** 0.62 * (2 * height - 1)).astype(int)
    field = field[rows]
    cover = smoothstep(0.50, 0.74, field)
    lit = np.clip(0.90 + 1.6 * (field - np.roll(field, (6, -8), (0, 1))), 0.66, 1.05)
    clouds = lit[..., None] * colour(1.0, 0.985, 0.96)
    sky = mix(sky, np.asarray(clouds, np.float32), cover * (0.45 + 0.5 * up))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x - 0.86 * width) / (0.35 * width)) ** 2) - ((y - 0.1 * height) / (0.6 * height)) ** 2)
    return np.asarray(sky + 0.16 * glow[..., None] * colour(1.0, 0.92, 0.75), np.float32)


def _mountains(rng: np.random.Generator, height: int, width: int) -> Plane:
    outline = 1 - np.abs(2 * fractal(rng, 2, width, (1, 4), 8)[0] - 1)
    swell = fractal(rng, 2, width, (1, 3), 2)[0]
    ridge = height * (0.80 - 0.52 * outline**1.2 * (0.45 + 0.55 * swell))
    y = np.arange(height, dtype=np.float32)[:, None]
    alpha = np.clip(y - ridge[None] + 0.5, 0, 1).astype(np.float32)
    altitude = np.clip(1 - y / height, 0, 1) * np.ones((1, width), np.float32)
    relief = 1 - np.abs(2 * fractal(rng, height, width, (4, 14), 6) - 1)
    light = np.clip(0.55 + 5.5 * (relief - np.roll(relief, (2, 4), (0, 1))), 0.15, 1.15)
    rock = light[..., None] * colour(0.46, 0.47, 0.52)
    snow_line = smoothstep(0.42, 0.56, np.asarray(altitude + 0.25 * (relief - 0.5), np.float32))
    snow = (0.45 + 0.55 * light)[..., None] * colour(0.95, 0.97, 1.0)
    face = mix(np.asarray(rock, np.float32), np.asarray(snow, np.float32), snow_line)
    haze = np.clip(0.40 + 0.5 * (y / height) ** 2, 0, 0.9) * np.ones((1, width), np.float32)
    face = mix(face, np.ones_like(face) * colour(0.70, 0.79, 0.88), haze.astype(np.float32))
    return premultiplied(face, alpha)


def _wooded_hill(
    rng: np.random.Generator, height: int, width: int, rise: float, tree: float, haze: float, lean: float
) -> Plane:
    """A hill of painted spruces, the farthest first; painted at four times the size for soft edges."""
    scale = 3
    tall, wide = height * scale, width * scale
    slope = 0.5 + 0.5 * lean * np.cos(np.linspace(0.2, 2.9, wide))
    ridge = height * scale * (1 - rise * (0.30 + 0.55 * slope + 0.5 * fractal(rng, 2, wide, (1, 5), 4)[0]))
    canvas = np.zeros((tall, wide, 4), np.uint8)
    ground = np.arange(tall)[:, None] >= ridge[None]
    canvas[ground] = (46, 62, 36, 255)
    size = tree * tall
    tone = fractal(rng, tall // 6, wide // 6, (5, 12), 4)
    for row in np.arange(0.0, 1.02, 0.045 / rise * tree / 0.06):
        for x in np.arange(0, wide, size * 0.30) + rng.uniform(-0.25, 0.25) * size:
            x += rng.normal(0, 0.12) * size
            column = int(np.clip(x, 0, wide - 1))
            base = ridge[column] + row * (tall - ridge[column]) + rng.normal(0, 0.1) * size
            h = size * rng.uniform(0.6, 1.25) * (0.7 + 0.45 * row)
            shade = 0.55 + 0.8 * float(
                tone[min(int(base) // 6, tone.shape[0] - 1), min(column // 6, tone.shape[1] - 1)]
            )
            shade *= rng.uniform(0.8, 1.15)
            _spruce(canvas, x, base, h, shade)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    alpha = small[..., 3]
    rgb = small[..., :3] * (1 - haze) + haze * colour(0.66, 0.76, 0.84) * alpha[..., None]
    # mist gathers on the water
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    mist = np.clip((y - 0.86) / 0.14, 0, 1) * 0.22 * alpha
    rgb = rgb * (1 - mist[..., None]) + mist[..., None] * colour(0.74, 0.82, 0.88)
    return np.dstack([rgb, alpha]).astype(np.float32)


def _spruce(canvas: NDArray[np.uint8], x: float, base: float, h: float, shade: float) -> None:
    half = 0.21 * h
    dark = (int(28 * shade), int(48 * shade), int(30 * shade), 255)
    lit = (int(64 * shade), int(92 * shade), int(44 * shade), 255)
    tip, foot = (x, base - h), base + 0.1 * h
    left = np.array([tip, (x - half, foot), (x, foot)], np.float32).round().astype(np.int32)
    right = np.array([tip, (x + half, foot), (x - 0.15 * half, foot)], np.float32).round().astype(np.int32)
    cv2.fillPoly(canvas, [left], dark)
    cv2.fillPoly(canvas, [right], lit)


def _shore(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Reeds and grass at the near shore, out of which the water opens."""
    scale = 3
    tall, wide = height * scale, width * scale
    canvas = np.zeros((tall, wide, 4), np.uint8)
    edge = 0.955 - 0.10 * fractal(rng, 2, wide, (1, 4), 5)[0] ** 1.5
    canvas[np.arange(tall)[:, None] >= (edge * tall)[None]] = (40, 50, 22, 255)
    clumps = fractal(rng, 2, wide, (1, 9), 3)[0]
    for _ in range(5200):
        x = rng.uniform(0, wide)
        column = int(x)
        depth = rng.uniform(0, 1)
        base = tall * (edge[column] + depth * (1.03 - edge[column]))
        length = tall * rng.uniform(0.02, 0.07) * (0.5 + 1.3 * clumps[column] ** 2) * (0.8 + 0.5 * depth)
        bend = rng.normal(0.15, 0.22) * length
        k = rng.uniform(0.55, 1.2) * (0.75 + 0.35 * depth)
        warm = rng.uniform(0, 1)
        tone = (int((70 + 70 * warm) * k), int((88 + 34 * warm) * k), int((34 + 16 * warm) * k), 255)
        curve = [(x + bend * s * s, base - length * s) for s in (0, 0.35, 0.7, 1.0)]
        cv2.polylines(canvas, [np.array(curve).round().astype(np.int32)], False, tone, scale - 1)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(small, np.float32)
