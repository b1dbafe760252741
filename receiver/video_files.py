"""The files of one video: its record, what arrived, what became of each run of frames, and the MP4."""

import json
import math
import os
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from receiver.gain_track import NO_GAINS
from receiver.gaps import Provenance, Run
from receiver.reception import ReceivedKeyframe
from receiver.record import State, VideoRecord
from semvid.errors import NotFound, SemvidError, UnsupportedMedia
from semvid.images.types import Picture
from semvid.semantics import Caption
from semvid.service.files import JsonLines, write_atomically
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe

Json = dict[str, Any]

_SAVE_INTERVAL_S = 1.0
_OUR_OWN = VideoLimits(max_bytes=2**62, max_duration_s=math.inf, max_frames=2**31, max_total_pixels=2**62)
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 2]


class VideoFiles:
    """One directory. Lists are JSON lines, so that memory does not grow with the length of the video.

    Writing is atomic for the record and for pictures; a line that a crash cut short is not read.

    Args:
        folder: of the video.
        most_bytes: that each list may take, of a live video; None: they may grow.
    """

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        self.folder, self._most_bytes = folder, most_bytes
        self._lock = threading.Lock()
        self._saved_at = -_SAVE_INTERVAL_S

    @property
    def mp4(self) -> Path:
        """The video; fragmented while it grows."""
        return self.folder / "video.mp4"

    @property
    def live(self) -> Path:
        """Where playlist and segments of a live video are."""
        return self.folder / "live"

    @property
    def playable_bytes(self) -> int:
        """Length of the MP4 up to the end of its last whole fragment; 0 if none is whole.

        ISO/IEC 14496-12: moof and mdat. An MP4 that is finished is whole or nothing.
        """
        try:
            size = self.mp4.stat().st_size
            with self.mp4.open("rb") as file:
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

    @property
    def size_bytes(self) -> int:
        """What all files take on disk."""
        return sum(entry.stat().st_size for entry in self.folder.rglob("*") if entry.is_file())

    def create(self) -> None:
        """Makes the directory.

        Raises:
            FileExistsError: there is one.
        """
        self.folder.mkdir(parents=True)
        (self.folder / "keyframes").mkdir()

    def save(self, record: VideoRecord) -> None:
        """Writes ``record``, atomically."""
        with self._lock:
            self._saved_at = time.monotonic()
            write_atomically(self.folder / "record.json", json.dumps(record.to_json()), durable=True)

    def save_now_and_then(self, record: VideoRecord) -> None:
        """Writes ``record`` if the last time is a second ago."""
        if time.monotonic() - self._saved_at >= _SAVE_INTERVAL_S:
            self.save(record)

    def salvage(self, record: VideoRecord, cause: SemvidError) -> None:
        """Makes ``record`` final and true to the MP4: TRUNCATED if some can be played, otherwise FAILED.

        What the MP4 holds beyond its last whole fragment is cut off.
        """
        frames, playable = 0, self.playable_bytes
        if playable:
            if playable < self.mp4.stat().st_size:
                os.truncate(self.mp4, playable)
            with suppress(UnsupportedMedia):
                frames = probe(self.mp4, _OUR_OWN).frame_count_hint
        record.frames_written = frames
        record.segments = {**dict.fromkeys(Provenance, 0), **self.cut_runs(frames)}
        record.state = State.TRUNCATED if frames else State.FAILED
        record.fail(cause)
        self.save(record)

    def load(self) -> VideoRecord:
        """Reads the record.

        Raises:
            OSError, ValueError, TypeError: there is none, or it is damaged.
        """
        return VideoRecord.from_json(json.loads((self.folder / "record.json").read_bytes()))

    def add_caption(self, caption: Caption) -> None:
        """Notes a caption that arrived."""
        self._list("captions").append(asdict(caption))

    def add_question(self, question: Json) -> None:
        """Notes a question that was asked about the video, and what came of it."""
        self._list("questions").append(question)

    def keep_picture(self, keyframe: ReceivedKeyframe) -> dict[str, Any]:
        """Keeps the picture of a keyframe as received; gives the line for `note_keyframes`."""
        done, png = cv2.imencode(".png", cv2.cvtColor(keyframe.picture, cv2.COLOR_RGB2BGR), _PNG)
        if not done:
            raise OSError(f"keyframe {keyframe.number} cannot be coded as PNG")
        write_atomically(self.keyframe_png(keyframe.number), png.tobytes())
        return {
            "number": keyframe.number,
            "frame": keyframe.frame,
            "bytes": keyframe.size,
            "shot_start": keyframe.shot_start,
            **({} if keyframe.tokens is None else {"tokens": asdict(keyframe.tokens)}),
        }

    def drop_picture(self, number: int) -> None:
        """The picture of a keyframe is not kept any longer."""
        self.keyframe_png(number).unlink(missing_ok=True)

    def note_keyframes(self, lines: list[dict[str, Any]]) -> None:
        """Notes keyframes that were kept, in the order of time."""
        for line in sorted(lines, key=lambda line: line["number"]):
            self._list("keyframes").append(line)

    def add_run(self, run: Run) -> None:
        """Notes what is about to become of ``run``'s frames."""
        self._list("segments").append(
            {
                "segment": run.segment,
                "first_frame": run.first_frame,
                "last_frame": run.stop_frame - 1,
                "provenance": run.provenance,
                "reason": run.reason,
            },
        )

    def save_constellation(self, points: Json) -> None:
        """Keeps the sample of equalised symbols."""
        write_atomically(self.folder / "constellation.json", json.dumps(points))

    def save_gains(self, gains: Json) -> None:
        """Keeps the channel's gain over the transmission."""
        write_atomically(self.folder / "gains.json", json.dumps(gains))

    def gains(self) -> Json:
        """The channel's gain over the transmission; empty lists if none was kept."""
        try:
            gains: Json = json.loads((self.folder / "gains.json").read_bytes())
        except FileNotFoundError:
            return NO_GAINS
        return gains

    def constellation(self) -> Json:
        """The sample of equalised symbols; empty lists if none was kept."""
        try:
            points: Json = json.loads((self.folder / "constellation.json").read_bytes())
        except FileNotFoundError:
            return {"i": [], "q": [], "class": []}
        return points

    def keyframe_png(self, number: int) -> Path:
        """Where keyframe ``number`` is or would be."""
        return self.folder / "keyframes" / f"{number:08d}.png"

    def keyframe_picture(self, number: int) -> Picture:
        """Keyframe ``number`` as received, uint8 RGB [height, width, 3].

        Raises:
            NotFound: it did not arrive.
        """
        coded = cv2.imread(str(self.keyframe_png(number)), cv2.IMREAD_COLOR)
        if coded is None:
            raise NotFound(f"video {self.folder.name} has no keyframe {number}")
        return np.asarray(cv2.cvtColor(coded, cv2.COLOR_BGR2RGB), np.uint8)

    def lines(self, name: str, offset: int = 0, limit: int | None = None) -> list[Json]:
        """Entries ``offset`` .. ``offset + limit - 1`` of captions, keyframes, questions or segments."""
        return list(self._list(name).read(offset, limit))

    def cut_runs(self, frames: int) -> dict[str, int]:
        """Drops what the list of runs says beyond ``frames`` frames, after a crash.

        Returns:
            How many entries of each provenance are left.
        """
        kept: list[Json] = []
        counts: dict[str, int] = {}
        for entry in self._list("segments").read():
            if entry["first_frame"] < frames:
                kept.append({**entry, "last_frame": min(entry["last_frame"], frames - 1)})
                counts[entry["provenance"]] = counts.get(entry["provenance"], 0) + 1
        self._list("segments").replace(kept)
        return counts

    def _list(self, name: str) -> JsonLines:
        return JsonLines(self.folder / f"{name}.jsonl", self._most_bytes)
