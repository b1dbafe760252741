"""Captions: which frames of a segment the multimodal model looks at, and how long its sentence may be."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.semantics import MAX_CAPTION_CHARS
from transmitter.mllm import Mllm

FRAMES: Final = 6  # looked at, at most twice as many are kept


class SegmentCaption:
    """Frames of the segment in work, evenly spread however long it gets; then its caption."""

    def __init__(self, mllm: Mllm) -> None:
        self._mllm = mllm
        self._kept: list[tuple[int, NDArray[np.uint8]]] = []
        self._stride = 1

    def push(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Takes the next frame."""
        if index % self._stride:
            return
        self._kept.append((index, picture))
        if len(self._kept) > 2 * FRAMES:
            self._stride *= 2
            self._kept = [kept for kept in self._kept if kept[0] % self._stride == 0]

    def describe_up_to(self, stop: int) -> str:
        """The caption of the frames before ``stop``; those from there on begin the next segment."""
        pictures = [picture for index, picture in self._kept if index < stop] or [self._kept[0][1]]
        self._kept = [kept for kept in self._kept if kept[0] >= stop]
        self._stride = 1
        return shorten(self._mllm.caption(_spread(pictures)), MAX_CAPTION_CHARS)

    def describe(self) -> str:
        """The caption of all frames that were not described yet."""
        return self.describe_up_to(self._kept[-1][0] + 1)


def shorten(sentence: str, limit: int) -> str:
    """``sentence`` on one line, cut between words where it passes ``limit`` characters."""
    line = " ".join(sentence.split())
    if len(line) <= limit:
        return line
    head, _, _ = line[: limit + 1].rpartition(" ")
    return head or line[:limit]


def _spread(pictures: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    chosen = np.unique(np.linspace(0, len(pictures) - 1, FRAMES).round().astype(int))
    return [pictures[index] for index in chosen]
