"""A video that is watched while it comes: fragments of its MP4 as a sliding window of HLS (RFC 8216), and an
MP4 that does not outgrow its bound.

The muxer writes one fragmented MP4 into here. Its head becomes the initialisation segment; every fragment,
which begins with a key picture, becomes a media segment, and is appended to the MP4 as long as that has room.
Segments that have left the window for as long as the window lasts are deleted (6.2.2).
"""

import math
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

from receiver.whep.audience import Audience
from semvid.service.files import write_atomically
from semvid.video.coded_picture import CodedPicture

PLAYLIST: Final = "live.m3u8"
HEAD: Final = "init.mp4"
SUFFIX: Final = ".m4s"
END: Final = "#EXT-X-ENDLIST\n"
_SIZE_AND_TYPE: Final = 8  # bytes of a box's header (ISO/IEC 14496-12, 4.2), 8 more where the size is long
_OF_HEAD: Final = (b"ftyp", b"moov")
_OF_FRAGMENT: Final = (b"moof", b"mdat")


class LiveVideo:
    """What a `semvid.video.writer.VideoWriter` writes into, instead of a file. One thread.

    Args:
        folder: of playlist and segments; made.
        mp4: the whole video, as far as it has room.
        segment_s: that segments last, seconds.
        window: segments in the playlist.
        most_bytes: of the MP4; its beginning stays.
        audience: is shown every picture at once.

    Attributes:
        mp4_frames: frames in the MP4 where it is full; None: all.
    """

    def __init__(
        self, folder: Path, mp4: Path, segment_s: float, window: int, most_bytes: int, audience: Audience
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.segment_s = segment_s
        self.mp4_frames: int | None = None
        self._folder, self._window, self._audience = folder, window, audience
        self._mp4: BinaryIO | None = mp4.open("wb", buffering=0)
        self._room = most_bytes
        self._pending = bytearray()
        self._head, self._fragment = bytearray(), bytearray()
        self._begins: deque[tuple[Fraction, int]] = deque()  # of fragments that are not written yet
        self._target_s = math.ceil(2 * segment_s)
        self._listed: deque[tuple[int, float]] = deque(maxlen=window)  # number, seconds
        self._written = 0

    def begins(self, at_s: Fraction, frame: int) -> None:
        """The next fragment begins with ``frame``, shown at ``at_s`` seconds."""
        self._begins.append((at_s, frame))

    def shows(self, picture: CodedPicture) -> None:
        """The next picture, before its fragment is whole."""
        self._audience.show(picture)

    def write(self, data: bytes) -> int:
        """More of the fragmented MP4.

        Raises:
            OSError: it cannot be written.
        """
        self._pending += data
        while (box := self._whole_box()) is not None:
            kind = bytes(box[4:8])
            if kind in _OF_HEAD:
                self._head += box
                if kind == b"moov":
                    write_atomically(self._folder / HEAD, bytes(self._head))
                    self._keep(self._head)
            elif kind in _OF_FRAGMENT:
                self._fragment += box
                if kind == b"mdat":
                    self._end_fragment()
        return len(data)

    def ends(self, at_s: Fraction) -> None:
        """No more is written; the last frame is shown until ``at_s`` seconds."""
        self._audience.end()
        if self._fragment:
            self._list_fragment(at_s)
        if self._written:
            self._write_playlist(ended=True)
        if self._mp4 is not None:
            self._mp4.close()
            self._mp4 = None

    def _end_fragment(self) -> None:
        """A fragment is whole; how long it lasts is known once the next one has begun."""
        if len(self._begins) > 1:
            self._list_fragment(self._begins[1][0])

    def _list_fragment(self, stop_s: Fraction) -> None:
        begin_s, frame = self._begins.popleft()
        if not self._keep(self._fragment) and self.mp4_frames is None:
            self.mp4_frames = frame
        number = self._written
        write_atomically(self._folder / f"{number}{SUFFIX}", bytes(self._fragment))
        self._fragment.clear()
        self._written += 1
        seconds = float(stop_s - begin_s)
        self._target_s = max(self._target_s, math.floor(seconds + 0.5))
        self._listed.append((number, seconds))
        self._write_playlist(ended=False)
        (self._folder / f"{number - 2 * self._window}{SUFFIX}").unlink(missing_ok=True)

    def _keep(self, data: bytearray) -> bool:
        """Appends to the MP4; False where that is full."""
        self._room -= len(data)
        if self._mp4 is None or (self._room < 0 and self._written):  # without a fragment it would be none
            self._room = -1
            return False
        rest = memoryview(data)
        while rest:
            rest = rest[self._mp4.write(rest) :]
        return True

    def _write_playlist(self, ended: bool) -> None:
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{self._target_s}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._listed[0][0]}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            f'#EXT-X-MAP:URI="{HEAD}"',
        ]
        for number, seconds in self._listed:
            lines += [f"#EXTINF:{seconds:.6f},", f"{number}{SUFFIX}"]
        write_atomically(self._folder / PLAYLIST, "\n".join(lines) + "\n" + (END if ended else ""))

    def _whole_box(self) -> bytearray | None:
        """The next box, once all of it is there."""
        head = self._pending[:16]
        if len(head) < _SIZE_AND_TYPE:
            return None
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            if len(head) < 16:
                return None
            size = int.from_bytes(head[8:16], "big")
        if size < _SIZE_AND_TYPE or len(self._pending) < size:
            return None
        box = self._pending[:size]
        del self._pending[:size]
        return box
