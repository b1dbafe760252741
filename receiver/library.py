"""The videos on disk: one directory each, found again after a restart, the oldest dropped in time."""

import re
import shutil
import threading
from pathlib import Path
from typing import Any

import structlog

from receiver.record import VideoRecord
from receiver.video_files import VideoFiles
from semvid.errors import Conflict, InvalidInput, LinkFailed, NotFound

_log = structlog.get_logger(__name__)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Library:
    """All videos of one receiver. Thread-safe.

    Args:
        root: directory that holds one directory per video.
        kept_videos: finished videos kept.
        kept_bytes: bytes that all videos may take before finished ones go.
    """

    def __init__(self, root: Path, kept_videos: int, kept_bytes: int) -> None:
        self._root = root
        self._kept_videos, self._kept_bytes = kept_videos, kept_bytes
        self._live: dict[str, VideoRecord] = {}
        self._finished: dict[str, VideoRecord] = {}  # oldest first
        self._sizes: dict[str, int] = {}
        self._lock = threading.RLock()

    def recover(self) -> None:
        """Takes stock of the disk. Call it once, before anything else.

        A video that was being received or regenerated when the process ended is TRUNCATED if some of it can
        be played, otherwise FAILED.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        records = []
        for folder in self._root.iterdir():
            if not folder.is_dir() or not _ID.fullmatch(folder.name):
                continue
            files = VideoFiles(folder)
            try:
                record = files.load()
            except (OSError, ValueError, TypeError) as error:
                _log.warning(
                    "video without a readable record is left alone", video=folder.name, error=str(error)
                )
                continue
            if not record.state.final:
                files.salvage(record, LinkFailed("the receiver was stopped while it made this video"))
                _log.warning(
                    "video was cut short by a restart",
                    video=record.id,
                    state=record.state,
                    frames=record.frames_written,
                )
            self._sizes[record.id] = files.size_bytes
            records.append(record)
        records.sort(key=lambda record: record.created_at)
        self._finished = {record.id: record for record in records}
        self._retain()

    def create(self, video_id: str, decoder: str) -> tuple[VideoFiles, VideoRecord]:
        """Begins a video; room is made for it first.

        Raises:
            InvalidInput: an id that is no id.
            Conflict: the id is in use.
        """
        if not _ID.fullmatch(video_id):
            raise InvalidInput("a transmission id is 1..64 characters of A-Z a-z 0-9 _ -")
        files = VideoFiles(self._root / video_id)
        with self._lock:
            self._retain()
            try:
                files.create()
            except FileExistsError as error:
                raise Conflict(f"the transmission id {video_id} is in use; choose another") from error
            record = self._live[video_id] = VideoRecord(video_id, decoder=decoder)
        files.save(record)
        return files, record

    def finish(self, video_id: str) -> None:
        """Says that the record of ``video_id`` is final and saved."""
        size = VideoFiles(self._root / video_id).size_bytes
        with self._lock:
            self._finished[video_id] = self._live.pop(video_id)
            self._sizes[video_id] = size
            self._retain()

    def record(self, video_id: str) -> VideoRecord:
        """The record, live if the video is in work.

        Raises:
            NotFound: no such video.
        """
        with self._lock:
            record = self._live.get(video_id) or self._finished.get(video_id)
        if record is None:
            raise NotFound(f"no video {video_id!r}; it never was, or was dropped to make room for newer ones")
        return record

    def files(self, video_id: str) -> VideoFiles:
        """The files of a video that exists.

        Raises:
            NotFound: no such video.
        """
        return VideoFiles(self._root / self.record(video_id).id)

    def newest_first(self) -> list[VideoRecord]:
        """Every video."""
        with self._lock:
            records = [*self._finished.values(), *self._live.values()]
        return sorted(records, key=lambda record: record.created_at, reverse=True)

    def segments(self, video_id: str, offset: int, limit: int) -> list[dict[str, Any]]:
        """Runs of frames with the caption and motion score that arrived for them."""
        files = self.files(video_id)
        page = files.lines("segments", offset, limit)
        captions = files.lines("captions")
        for entry in page:
            number = entry["segment"]
            covering = (c for c in captions if c["first"] <= number < max(c["last"], c["first"] + 1))
            caption = next(covering, None)
            entry["caption"] = caption and caption["text"]
            entry["motion"] = caption and caption["motion"]
        return page

    def _retain(self) -> None:
        """Drops the oldest finished videos until the bounds hold; the newest stays in any case."""
        with self._lock:
            while len(self._finished) > 1 and (
                len(self._finished) > self._kept_videos
                or sum(self._sizes.get(video_id, 0) for video_id in self._finished) > self._kept_bytes
            ):
                oldest = next(iter(self._finished))
                del self._finished[oldest]
                self._sizes.pop(oldest, None)
                shutil.rmtree(self._root / oldest, ignore_errors=True)
                _log.info("video dropped to keep the bounds", video=oldest)
