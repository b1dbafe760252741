"""From what a rival's decoder gives to what its viewer sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.methods.video_code import Stream, full_picture
from semvid.images.finishing import restored
from semvid.images.restorer import Coding, Restorer
from semvid.images.types import Picture

Show = Callable[[NDArray[np.uint8]], Picture]
"""From decoded planes (`semvid.images.yuv`) to a picture of the clip's size, uint8 RGB [height, width, 3]."""

_QUANTISER_PER_CRF: Final = 4.0  # SVT-AV1, of the pictures that others lean on; `base_q_idx` is 255 at most


class Showing(Protocol):
    """One way of showing what was decoded."""

    @property
    def settings(self) -> dict[str, str]:
        """What a record says of it, and what it depends on."""

    def of(self, stream: Stream, crf: float, size: tuple[int, int]) -> Show:
        """For the pictures of one stream.

        Args:
            stream: that they are of.
            crf: of its encoder.
            size: of the clip, (width, height).
        """


class _AsDecoded:
    """Scaled to the size of the clip and no more."""

    @property
    def settings(self) -> dict[str, str]:
        """See `Showing.settings`."""
        return {}

    def of(self, stream: Stream, crf: float, size: tuple[int, int]) -> Show:  # noqa: ARG002
        """See `Showing.of`."""
        return lambda planes: full_picture(stream, planes, *size)


AS_DECODED: Final = _AsDecoded()


class Restored:
    """With the network that our receiver has for keyframes, for AV1: the fair rival of what is learned.

    It is told the quantiser that belongs to the CRF, and that every picture is an anchor.
    """

    def __init__(self, restorer: Restorer) -> None:
        self._restorer = restorer

    @property
    def settings(self) -> dict[str, str]:
        """See `Showing.settings`."""
        return {"restorer": self._restorer.digest}

    def of(self, stream: Stream, crf: float, size: tuple[int, int]) -> Show:
        """See `Showing.of`."""
        quantiser = min(255, round(_QUANTISER_PER_CRF * crf))
        coding = Coding.of(quantiser, (stream.width, stream.height), size, layer=0)
        latest: tuple[NDArray[np.uint8], Picture] | None = None  # a picture may be held for many frames

        def show(planes: NDArray[np.uint8]) -> Picture:
            nonlocal latest
            if latest is None or latest[0] is not planes:
                latest = planes, restored(full_picture(stream, planes, *size), coding, self._restorer)
            return latest[1]

        return show
