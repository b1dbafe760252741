"""Refuses MP4 and MOV files whose index unfolds to far more than it holds.

A table of constant sample size states millions of samples in twelve bytes, a track run in as few, and the
demuxer spends 24 bytes and more on each of them while the file is opened. What is counted here is what
FFmpeg would unfold. Tags are searched for as bytes, because FFmpeg looks for them in places where the
standard does not put them.
"""

import re
from pathlib import Path

from semvid.errors import LimitExceeded, UnsupportedMedia
from semvid.video.boxes import outermost_boxes, starts_with_box
from semvid.video.limits import VideoLimits

MAX_INDEX_BYTES = 64 * 2**20
MAX_EDITS = 1024
MAX_TRACKS = 256
_OTHER_TRACKS = 2**20  # samples of sound and subtitles: 4 h of AAC at 48 kHz have 675 000


def check_sample_tables(path: Path, limits: VideoLimits) -> None:
    """Checks the index of ``path``; a file that does not begin as MP4 or MOV passes.

    Raises:
        UnsupportedMedia: a compressed index, more than `MAX_EDITS` edits or `MAX_TRACKS` tracks.
        LimitExceeded: an index of more than `MAX_INDEX_BYTES`, or of more samples than the limits could need.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    budget = limits.max_frames + _OTHER_TRACKS
    index_bytes = samples = 0
    with path.open("rb") as file:
        if not starts_with_box(file.read(8)):
            return
        for box in outermost_boxes(file, size):
            if box.kind == b"mdat":
                continue
            length = min(box.end, size) - box.body
            index_bytes += length
            if index_bytes > MAX_INDEX_BYTES:
                raise LimitExceeded(
                    f"the index of the MP4 file holds more than {MAX_INDEX_BYTES} bytes, which is the limit; "
                    "cut the video into parts"
                )
            file.seek(box.body)
            samples += _samples_of(box.kind + file.read(max(0, length)))
            if samples > budget:
                raise LimitExceeded(
                    f"the index of the MP4 file announces {samples} samples, at most {budget} are accepted; "
                    "cut the video into parts"
                )


def _samples_of(index: bytes) -> int:
    if b"cmov" in index:
        raise UnsupportedMedia("a compressed MOV index is not accepted; write the file anew")
    if index.count(b"trak") > MAX_TRACKS:
        raise UnsupportedMedia(f"an MP4 file of more than {MAX_TRACKS} tracks is not accepted")
    in_fragments = sum(_number(index, run.end() + 4) for run in re.finditer(b"trun", index))
    return in_fragments + sum(map(_samples_of_track, index.split(b"trak")))


def _samples_of_track(track: bytes) -> int:
    edits = sum(_number(track, edit_list.end() + 4) for edit_list in re.finditer(b"elst", track))
    if edits > MAX_EDITS:
        raise UnsupportedMedia(f"an edit list of more than {MAX_EDITS} entries is not accepted")
    counts = [_number(track, sizes.end() + 8) for sizes in re.finditer(b"stsz|stz2", track)]
    if len(counts) == 1 and _is_uncompressed_sound(track):
        return 0
    return sum(counts) * max(1, edits - 1)  # every edit may repeat them all; the first often only waits


def _is_uncompressed_sound(track: bytes) -> bool:
    """Sound of one sample a tick: FFmpeg makes an entry per chunk of it instead of per sample."""
    at = track.find(b"stts")
    return (
        track.count(b"soun") == track.count(b"stts") == 1
        and not any(kind in track for kind in (b"vide", b"m1a ", b"subp", b"clcp"))
        and (_number(track, at + 8), _number(track, at + 16)) == (1, 1)
    )


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
