"""Keyframes that were coded smaller or larger than the video, at the size of the video."""

from __future__ import annotations

from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.semantics import StreamHeader


def at_video_size(picture: Picture, header: StreamHeader) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], scaled to the header's size; itself if it has that size."""
    return at_size(picture, (header.width, header.height))
