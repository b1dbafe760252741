"""Which of MediaPipe's 468 points make a face here, by what they lie on.

Numbers are those of MediaPipe's canonical face mesh; contours as in its ``face_mesh_connections.py``, each in
order, right and left as of the person shown.
"""

from itertools import accumulate
from typing import Final

_CONTOURS: Final = {
    "oval": (10, 297, 284, 389, 454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234, 162, 54, 67),
    "outer lower lip": (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    "outer upper lip": (409, 270, 269, 267, 0, 37, 39, 40, 185),
    "inner lower lip": (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
    "inner upper lip": (415, 310, 311, 312, 13, 82, 81, 80, 191),
    "right lower lid": (33, 163, 145, 154, 133),
    "right upper lid": (157, 159, 161),
    "left lower lid": (362, 381, 374, 390, 263),
    "left upper lid": (388, 386, 384),
    "right brow": (70, 63, 105, 66, 107),
    "left brow": (336, 296, 334, 293, 300),
    "nose": (168, 6, 195, 4, 129, 358, 98, 327, 2),
}

LANDMARKS: Final = tuple(number for contour in _CONTOURS.values() for number in contour)
"""Of a face's points, in their order here, the numbers in MediaPipe's mesh."""

_STOPS: Final = tuple(accumulate(map(len, _CONTOURS.values())))


def places(*contours: str) -> list[int]:
    """Where the points of some contours lie among a face's, contour after contour."""
    spans = {
        name: range(stop - len(_CONTOURS[name]), stop) for name, stop in zip(_CONTOURS, _STOPS, strict=True)
    }
    return [place for contour in contours for place in spans[contour]]


INNER_LIPS: Final = tuple(places("inner lower lip", "inner upper lip"))
"""Around what is seen in an open mouth, in order."""
