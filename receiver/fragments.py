"""How far a fragmented MP4 that is still growing, or was cut off, can be played."""

from __future__ import annotations

from pathlib import Path


def playable_bytes(path: Path) -> int:
    """Length up to the end of the last whole fragment (ISO/IEC 14496-12: moof and mdat); 0 if none is whole.

    An ordinary MP4 is whole or nothing. A file that does not exist has no fragment.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            playable = position = 0
            while position + 8 <= size:
                file.seek(position)
                header = file.read(16)
                length, kind = int.from_bytes(header[:4], "big"), header[4:8]
                if length == 1:
                    length = int.from_bytes(header[8:16], "big")
                if length < 8 or position + length > size:
                    break
                position += length
                if kind == b"mdat":
                    playable = position
            return playable
    except FileNotFoundError:
        return 0
