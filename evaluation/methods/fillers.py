"""What a receiver without a model can do between two keyframes: hold the first, or fade to the second."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import cv2
import numpy as np

from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.embedded import EmbeddedDecoder
from semvid.images.types import Picture
from semvid.profile import Profile


class Hold:
    """Repeats the keyframe nearest in time; see `receiver.decoders.decoder.Decoder`."""

    profile: ClassVar[Profile] = EmbeddedDecoder.profile
    uses_captions: ClassVar[bool] = False

    def generate(
        self,
        request: SegmentRequest,
        progress: Callable[[float], None],  # noqa: ARG002
        cancelled: Callable[[], bool],  # noqa: ARG002
    ) -> Iterator[Picture]:
        """Yields the start up to the middle, then the end."""
        start, end = request.both_ends(self.profile)
        for number in range(1, request.num_frames + 1):
            yield start if 2 * number <= request.num_frames + 1 else end


class Blend(Hold):
    """Fades linearly from one keyframe to the other."""

    def generate(
        self,
        request: SegmentRequest,
        progress: Callable[[float], None],  # noqa: ARG002
        cancelled: Callable[[], bool],  # noqa: ARG002
    ) -> Iterator[Picture]:
        """Yields weighted means of the two keyframes, by distance in time."""
        start, end = request.both_ends(self.profile)
        for number in range(1, request.num_frames + 1):
            t = number / (request.num_frames + 1)
            yield np.asarray(cv2.addWeighted(start, 1 - t, end, t, 0), np.uint8)
