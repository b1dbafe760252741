"""Fractal noise and the few blending steps that both scenes share."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def fractal(
    rng: np.random.Generator, height: int, width: int, cells: tuple[float, float], octaves: int = 6
) -> Plane:
    """Value noise summed over octaves whose amplitude halves while their frequency doubles.

    Args:
        rng: source of the lattice values.
        height, width: size of the plane, pixels.
        cells: lattice cells over the height and over the width in the first octave.
        octaves: number of octaves; ends early when a cell is smaller than a pixel.

    Returns:
        float32 ``[height, width]``, scaled to 0..1.
    """
    total = np.zeros((height, width), np.float32)
    rows, columns, amplitude = cells[0], cells[1], 1.0
    for _ in range(octaves):
        lattice = rng.random((max(2, round(rows) + 1), max(2, round(columns) + 1)), np.float32)
        total += amplitude * cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC)
        rows, columns, amplitude = rows * 2, columns * 2, amplitude / 2
        if rows > height or columns > width:
            break
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low), np.float32)


def smoothstep(low: float, high: float, value: Plane) -> Plane:
    """0 below ``low``, 1 above ``high``, a smooth cubic in between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def mix(first: Plane, second: Plane, weight: Plane) -> Plane:
    """``first`` where ``weight`` is 0, ``second`` where it is 1; ``weight`` is ``[height, width]``."""
    return np.asarray(first + (second - first) * weight[..., None], np.float32)


def colour(red: float, green: float, blue: float) -> Plane:
    """One RGB colour, 0..1, that broadcasts over a picture."""
    return np.array([red, green, blue], np.float32)


def crop(layer: Plane, left: float, width: int) -> Plane:
    """``width`` columns of ``layer`` from the fractional column ``left`` on (linear interpolation)."""
    whole = int(left)
    part = np.float32(left - whole)
    near, far = layer[:, whole : whole + width], layer[:, whole + 1 : whole + 1 + width]
    return np.asarray(near + (far - near) * part, np.float32)


def over(picture: Plane, layer: Plane) -> Plane:
    """Lays ``layer`` (RGBA, premultiplied) over ``picture`` (RGB)."""
    return np.asarray(picture * (1 - layer[..., 3:]) + layer[..., :3], np.float32)


def premultiplied(rgb: Plane, alpha: Plane) -> Plane:
    """RGBA layer from a picture and its coverage ``[height, width]``."""
    return np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32)
