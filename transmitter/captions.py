"""One sentence per segment: which of its frames the model gets to see, and how long the sentence may be."""

import sys

import numpy as np

from semvid.images.resize import within_side
from semvid.images.types import Picture
from semvid.mllm import Mllm
from semvid.text import shortened

SAMPLES = 5  # frames that the model sees, spread evenly over the segment
SIDE = 448  # pixels, longer side of the copies that it sees
_KEPT = 4 * SAMPLES  # copies kept at most


class SegmentCaption:
    """Collects frames of the current segment, in memory that does not grow with its length.

    Every ``stride``-th frame is kept as a small copy; when there are too many, every other one is dropped and
    the stride doubles.
    """

    def __init__(self, mllm: Mllm) -> None:
        self._mllm = mllm
        self._kept: list[tuple[int, Picture]] = []
        self._stride = 1

    def push(self, index: int, picture: Picture) -> None:
        """Takes frame ``index`` of the video (uint8 RGB [height, width, 3]); indices rise."""
        first = self._kept[0][0] if self._kept else index
        if (index - first) % self._stride:
            return
        self._kept.append((index, _small(picture)))
        while len(self._kept) > _KEPT:
            self._stride *= 2
            self._kept = [kept for kept in self._kept if (kept[0] - first) % self._stride == 0]

    def describe(self, end: int = sys.maxsize) -> str:
        """Describes the segment that ends before frame ``end``; frames from there on open the next one.

        Raises:
            Whatever the model raises.
        """
        segment = [picture for index, picture in self._kept if index < end]
        segment = segment or [picture for _, picture in self._kept[:1]]
        self._kept = [kept for kept in self._kept if kept[0] >= end]
        self._stride = 1
        if not segment:
            return ""
        chosen = np.unique(np.linspace(0, len(segment) - 1, SAMPLES).round().astype(int))
        return shortened(self._mllm.caption([segment[i] for i in chosen]))


def _small(picture: Picture) -> Picture:
    small = within_side(picture, SIDE)
    return picture.copy() if small is picture else small
