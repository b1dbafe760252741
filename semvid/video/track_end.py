"""When a track of an MP4 or MOV file is over, by its edit list (ISO/IEC 14496-12, 8.3.2 and 8.6.6).

The samples of a track do not say how long its last picture is shown where pictures are reordered: their
durations are distances in the order of decoding. The track header does; FFmpeg does not pass it on.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from semvid.video.boxes import inner_boxes, outermost_boxes, starts_with_box

_UNKNOWN = (0, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, slots=True)
class TrackEnd:
    """Seconds from the beginning of the presentation; ``tick``: what they are rounded to."""

    seconds: Fraction
    tick: Fraction


def track_end(path: Path, track: int) -> TrackEnd | None:
    """The end that ``path`` states for ``track``; None where it states none: other containers, fragments.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if not starts_with_box(file.read(8)):
            return None
        for box in outermost_boxes(file, path.stat().st_size):
            if box.kind == b"moov":
                file.seek(box.body)
                return _end_in(file.read(box.end - box.body), track)
    return None


def _end_in(movie: bytes, track: int) -> TrackEnd | None:
    timescale = 0
    for kind, body in inner_boxes(movie):
        if kind == b"mvhd":
            timescale = _number(body, 20 if body[:1] == b"\1" else 12, 4)
        elif kind == b"trak" and timescale:
            parts = dict(inner_boxes(body))
            header = parts.get(b"tkhd", b"")
            wide = header[:1] == b"\1"
            if _number(header, 20 if wide else 12, 4) != track or b"edts" not in parts:
                continue
            duration = _number(header, 28, 8) if wide else _number(header, 20, 4)
            if duration not in _UNKNOWN:
                return TrackEnd(Fraction(duration, timescale), Fraction(1, timescale))
    return None


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
