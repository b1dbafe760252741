"""One picture of a video as its encoder gave it."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """A picture in H.264.

    Attributes:
        data: its byte stream (ITU-T H.264, annex B); with the parameter sets where it is a key picture.
        at_s: when it is shown, seconds since the first.
        key: it decodes without any other.
    """

    data: bytes
    at_s: Fraction
    key: bool
