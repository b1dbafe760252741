"""What both the receiver and the laboratory do to a decoded keyframe before anything is bridged."""

from typing import Final

import cv2
import numpy as np

from semvid.images.detail import with_detail
from semvid.images.resize import at_size
from semvid.images.restorer import Coding, Restorer
from semvid.images.types import Picture
from semvid.semantics import StreamHeader
from semvid.semantics.stream import MAX_FINISH

RESTORATION: Final = 5
"""What senders ask of a restorer, in sevenths: for films that were kept out of training it is the best of all
(docs/decisions/0011-restorer.md)."""
MOST_RESTORED: Final = 1280 * 720
"""Pixels of the largest videos that senders want restored: a network that was trained at 576x320 takes more
than a second for each larger keyframe, and what it does to them was not measured."""


def finished(picture: Picture, header: StreamHeader, coding: Coding, restorer: Restorer | None) -> Picture:
    """A keyframe at the size of the video, with what its sender wants to be put back.

    Either detail of a strength that the sender tried, or a share of the way to what the restorer makes of it;
    not both, for that puts things back twice.

    Args:
        picture: uint8 RGB [height, width, 3], as decoded.
        header: of its stream.
        coding: how it was coded.
        restorer: None: there is none, and a picture that was to be restored stays as it is.
    """
    picture = at_size(picture, (header.width, header.height))
    if not header.restoration:
        return with_detail(picture, header.detail)
    if restorer is None:
        return picture
    return restored(picture, coding, restorer, header.restoration)


def restored(picture: Picture, coding: Coding, restorer: Restorer, strength: int = RESTORATION) -> Picture:
    """``picture``, as large as it is shown, ``strength`` sevenths of the way to what the network says."""
    return part_of_the_way(picture, restorer.restore(picture, coding), strength)


def part_of_the_way(picture: Picture, made: Picture, strength: int) -> Picture:
    """``strength`` sevenths of the way from ``picture`` to ``made``, rounded."""
    share = strength / MAX_FINISH
    return np.asarray(cv2.addWeighted(made, share, picture, 1 - share, 0), np.uint8)
