"""What is left of a video that was not finished."""

from __future__ import annotations

import os

from receiver.fragments import playable_bytes
from receiver.gaps import Provenance
from receiver.record import State, VideoRecord
from receiver.video_files import VideoFiles
from semvid.errors import SemvidError, UnsupportedMedia
from semvid.video.probe import probe


def salvage(files: VideoFiles, record: VideoRecord, cause: SemvidError) -> None:
    """Makes the record final and true to the MP4: TRUNCATED if some of it can be played, otherwise FAILED.

    What the MP4 holds beyond its last whole fragment is cut off.
    """
    frames = _playable_frames(files)
    record.frames_written = frames
    record.segments = {**dict.fromkeys(Provenance, 0), **files.cut_segments(frames)}
    record.state = State.TRUNCATED if frames else State.FAILED
    record.fail(cause)
    files.save(record)


def _playable_frames(files: VideoFiles) -> int:
    playable = playable_bytes(files.mp4)
    if not playable:
        return 0
    if playable < files.mp4.stat().st_size:
        os.truncate(files.mp4, playable)
    try:
        return probe(files.mp4).frame_count_hint
    except UnsupportedMedia:
        return 0
