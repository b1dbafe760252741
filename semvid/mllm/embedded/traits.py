"""How much two pictures differ part by part, as the network sees them; see `semvid.images.objects.Sight`."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.alignment import Alignment
from semvid.mllm.embedded.views import View

_MOST = 0.05  # share of the parts


class TraitMeasurements(NamedTuple):
    """Distances of traits after the camera's motion, 0 (same) .. 1, over what both pictures show."""

    traits: float  # mean over the parts
    traits_most: float  # mean over the parts that differ most
    traits_half: float  # median: as much as half of the picture differs


@dataclass(frozen=True, slots=True)
class TraitDistance:
    """Part by part on the reference's grid.

    Attributes:
        distance: float32 [rows, columns], 0 .. 1.
        common: bool, same shape, where both pictures show something.
    """

    distance: NDArray[np.float32]
    common: NDArray[np.bool_]

    def measured(self) -> TraitMeasurements:
        """Over the whole of the common view."""
        values = np.sort(self.distance[self.common])
        if not len(values):
            return TraitMeasurements(1.0, 1.0, 1.0)
        most = values[-max(1, int(_MOST * len(values))) :]
        return TraitMeasurements(float(values.mean()), float(most.mean()), float(np.median(values)))


def trait_distance(
    reference: NDArray[np.float32], candidate: NDArray[np.float32], view: View, aligned: Alignment
) -> TraitDistance:
    """Half of the squared distance of two pictures' traits, of one shape, with the camera's motion taken out.

    Args:
        reference, candidate: see `semvid.images.objects.Sight.traits`.
        view: of the reference, in whose pixels the motion is given.
        aligned: its motion.
    """
    rows, columns = reference.shape[:2]
    height, width = view.luminance.shape
    down, across = np.mgrid[0:rows, 0:columns]
    centres = np.stack([(across + 0.5) * width / columns, (down + 0.5) * height / rows], axis=-1)
    matrix = aligned.registration.matrix
    moved = centres @ matrix[:, :2].T + matrix[:, 2]
    u, v = moved[..., 0] * columns / width - 0.5, moved[..., 1] * rows / height - 0.5
    # a part counts as long as a quarter of it is left in the candidate
    common = (u > -0.75) & (u < columns - 0.25) & (v > -0.75) & (v < rows - 0.25)
    carried = _between(candidate, np.clip(u, 0, columns - 1), np.clip(v, 0, rows - 1))
    length = np.maximum(np.linalg.norm(carried, axis=-1), 1e-6)
    alike = np.sum(reference * carried, axis=-1) / length
    return TraitDistance(np.clip(1.0 - alike, 0.0, 1.0).astype(np.float32), common)


def _between(
    grid: NDArray[np.float32], u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bilinear interpolation of [rows, columns, n] at columns ``u`` and rows ``v``."""
    rows, columns = grid.shape[:2]
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    a, b = (u - left)[..., None], (v - top)[..., None]
    above = grid[top, left] * (1 - a) + grid[top, right] * a
    below = grid[bottom, left] * (1 - a) + grid[bottom, right] * a
    return np.asarray(above * (1 - b) + below * b)
