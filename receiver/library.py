"""The videos on disk: one directory each, found again after a restart, the oldest dropped in time."""

import re
import shutil
import threading
from pathlib import Path
from typing import Any

import structlog

from receiver.record import VideoRecord
from receiver.resources import VideoResource
from receiver.video_files import VideoFiles
from semvid.errors import Conflict, InvalidInput, LinkFailed, NotFound
from semvid.service.files import room_on_disk, set_aside

_log = structlog.get_logger(__name__)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORK = ".semvid-work"  # folders that are not videos yet, or no more


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
        shutil.rmtree(self._root / _WORK, ignore_errors=True)
        records = []
        for folder in sorted(self._root.iterdir()):
            if not _ID.fullmatch(folder.name) or not (folder / "record.json").is_file():
                continue  # somebody else's
            try:
                record = self._recovered(VideoFiles(folder))
            except (ValueError, TypeError, RecursionError) as error:
                _log.error("video set aside", why=str(error), folder=str(set_aside(folder)))
            except OSError as error:
                _log.error("video cannot be read and is left alone", why=str(error), folder=str(folder))
            else:
                records.append(record)
        records.sort(key=lambda record: record.created_at)
        self._finished = {record.id: record for record in records}
        self._retain()

    def _recovered(self, files: VideoFiles) -> VideoRecord:
        record = files.load()
        VideoResource.of(record, "")  # every value is one that can be shown
        if record.id != files.folder.name:
            raise ValueError(f"its record is of another video, {record.id!r}")
        if not record.state.final:
            files.salvage(record, LinkFailed("the receiver was stopped while it made this video"))
            _log.warning(
                "video was cut short by a restart",
                transmission_id=record.id,
                state=record.state,
                frames=record.frames_written,
            )
        self._sizes[record.id] = files.size_bytes
        return record

    def create(
        self,
        video_id: str,
        decoder: str,
        attempt: int = 1,
        live: bool = False,
        most_bytes: int | None = None,
    ) -> tuple[VideoFiles, VideoRecord]:
        """Begins a video, in the place of a finished one of an earlier attempt; room is made for it first.

        Args:
            video_id, decoder, attempt, live: of its record.
            most_bytes: that each of its lists may take; None: they may grow.

        Raises:
            InvalidInput: an id that is no id.
            Conflict: the id is in use, by this attempt or a later one.
            StorageFull: there is no room on the disk.
        """
        if not _ID.fullmatch(video_id):
            raise InvalidInput("a transmission id is 1..64 characters of A-Z a-z 0-9 _ -")
        files = VideoFiles(self._root / video_id, most_bytes)
        record = VideoRecord(video_id, decoder=decoder, attempt=attempt, live=live)
        with self._lock, room_on_disk(self._root):
            self._retain()
            earlier = self._finished.get(video_id)
            if earlier is not None and earlier.attempt < attempt:
                record.symbols_of_earlier_attempts = (
                    earlier.symbols_of_earlier_attempts + earlier.symbols_received
                )
                self._drop(video_id)
            if files.folder.exists():
                raise Conflict(f"the transmission id {video_id} is in use; choose another")
            self._make(files, record)
            self._live[video_id] = record
        return files, record

    def _make(self, files: VideoFiles, record: VideoRecord) -> None:
        """The folder with its record, whole or not at all."""
        new = VideoFiles(self._root / _WORK / f"{record.id}.new")
        shutil.rmtree(new.folder, ignore_errors=True)
        try:
            new.create()
            new.save(record)
            new.folder.rename(files.folder)
        except OSError:
            shutil.rmtree(new.folder, ignore_errors=True)
            raise

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
                self._drop(oldest)
                _log.info("video dropped to keep the bounds", transmission_id=oldest)

    def _drop(self, video_id: str) -> None:
        del self._finished[video_id]
        self._sizes.pop(video_id, None)
        gone = self._root / _WORK / f"{video_id}.dropped"
        gone.parent.mkdir(exist_ok=True)
        shutil.rmtree(gone, ignore_errors=True)
        (self._root / video_id).rename(gone)  # at once, whatever happens to us while files are deleted
        shutil.rmtree(gone, ignore_errors=True)
