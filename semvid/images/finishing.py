"""What both the receiver and the laboratory do to a decoded keyframe before anything is bridged."""

from semvid.images.detail import with_detail
from semvid.images.resize import at_size
from semvid.images.restorer import Coding, Restorer
from semvid.images.types import Picture
from semvid.semantics import StreamHeader


def finished(picture: Picture, header: StreamHeader, coding: Coding, restorer: Restorer | None) -> Picture:
    """A keyframe at the size of the video, with what coding took out of it put back.

    A restorer takes the place of `with_detail`: it learned from pictures how much texture to put where, and
    the strength in the header was chosen for pictures that nothing else restores.

    Args:
        picture: uint8 RGB [height, width, 3], as decoded.
        header: of its stream.
        coding: how it was coded.
        restorer: None: detail of the strength that the header asks for.
    """
    picture = at_size(picture, (header.width, header.height))
    if restorer is not None:
        return restorer.restore(picture, coding)
    return with_detail(picture, header.detail)
