"""Uploads that come in pieces, and may be broken off and gone on with, also after a restart.

Each holds a place in the queue from its beginning, so that its last piece never finds the queue full; one
that gets nothing for a while gives the place back.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TypeVar

import structlog

from semvid.errors import Conflict, InvalidInput, LimitExceeded, NotFound, SemvidError, StorageFull
from semvid.service.files import room_on_disk
from semvid.service.keys import Key
from semvid.service.tracing import Traces
from transmitter.acceptance import Acceptance
from transmitter.job import Job
from transmitter.jobs import JobQueue
from transmitter.places import Place
from transmitter.store import PartialRecord

Given = TypeVar("Given")

_log = structlog.get_logger(__name__)
_NAME = "upload.partial"
_ALGORITHMS = ("sha1", "sha256")


class ChecksumMismatch(SemvidError):
    """A piece is not what its checksum says; none of it is kept (tus 1.0.0, checksum)."""

    code = "CHECKSUM_MISMATCH"
    title = "Checksum mismatch"
    http_status = 460


@dataclass
class PartialUpload:
    """One upload that is not whole.

    Attributes:
        record: as it is kept.
        place: that it holds in the queue.
        path: of what has come.
        offset: bytes that have come.
        began: Unix time since which this process knows it, seconds.
        touched: Unix time at which the latest of them came, seconds.
        writing: who takes a piece now.
    """

    record: PartialRecord
    place: Place
    path: Path
    offset: int
    began: float
    touched: float
    writing: "asyncio.Task[Job | None] | None" = None


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must have.

    Attributes:
        algorithm: sha1 or sha256.
        digest: of the whole piece.
    """

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, header: str) -> "Checksum":
        """Reads ``Upload-Checksum``.

        Raises:
            InvalidInput: it is none, or of an algorithm that is not known here.
        """
        algorithm, _, encoded = header.partition(" ")
        if algorithm not in _ALGORITHMS:
            raise InvalidInput(
                f"Upload-Checksum: {algorithm!r} is not known; take {' or '.join(_ALGORITHMS)}"
            )
        try:
            return cls(algorithm, base64.b64decode(encoded, validate=True))
        except ValueError as error:
            raise InvalidInput("Upload-Checksum: what follows the algorithm is not base64") from error


class PartialUploads:
    """All uploads in pieces of one data folder. Use it from one event loop.

    Args:
        jobs: that they become.
        acceptance: looks at them first.
        max_bytes: of one.
        idle_s: that one may get nothing before it is given up, seconds.
        traces: where spans go.
    """

    def __init__(
        self, jobs: JobQueue, acceptance: Acceptance, max_bytes: int, idle_s: float, traces: Traces
    ) -> None:
        self._jobs, self._acceptance = jobs, acceptance
        self._max_bytes, self._idle_s, self._traces = max_bytes, idle_s, traces
        self._uploads: dict[str, PartialUpload] = {}

    def start(self) -> None:
        """Takes up what an earlier process left; after `JobQueue.start`."""
        for record in self._jobs.partials():
            path = self._jobs.folder / record.id / _NAME
            if (whole := path.with_name("upload")).exists():  # it was looked at when that process ended
                whole.replace(path)
            offset = path.stat().st_size if path.exists() else 0
            if offset > record.length or not path.parent.exists():
                self._jobs.drop(record.id)
                continue
            place = self._jobs.places.hold_again(record.id, record.caller)
            self._uploads[record.id] = PartialUpload(record, place, path, offset, time.time(), time.time())

    async def watch(self) -> None:
        """Gives up those that get nothing, for ever."""
        while True:
            await asyncio.sleep(min(60.0, self._idle_s / 4))
            for upload in list(self._uploads.values()):
                if upload.writing is None and time.time() > self.expires(upload):
                    _log.info("upload given up", transmission_id=upload.record.id, offset=upload.offset)
                    self._drop(upload)

    async def stop(self) -> None:
        """Nobody writes any more; what came is kept."""
        writing = [upload.writing for upload in self._uploads.values() if upload.writing is not None]
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)

    def expires(self, upload: PartialUpload) -> float:
        """Unix time at which it is given up unless more comes, seconds."""
        return upload.touched + self._idle_s

    async def create(
        self, length: int, name: str, options: str, caller: Key | None, traceparent: str | None
    ) -> PartialUpload:
        """Begins an upload of ``length`` bytes.

        Raises:
            LimitExceeded: it is too long.
            InvalidInput, MissingComponent: its options cannot be.
            Busy, QuotaExceeded: there is no place for it.
            StorageFull: there is no room to note it.
        """
        if length > self._max_bytes:
            raise LimitExceeded(f"the upload passes {self._max_bytes} bytes; cut or re-encode the clip")
        if length < 1:
            raise InvalidInput("Upload-Length is 0; there is no video of no bytes")
        await self._acceptance.choose(options)
        place = self._jobs.places.hold(None, caller)
        record = PartialRecord(place.job_id, length, name, options, place.caller, traceparent)
        path = self._jobs.folder / record.id / _NAME
        try:
            self._jobs.begin_partial(record)
            with room_on_disk(self._jobs.folder):
                path.parent.mkdir()
                path.touch()
        except BaseException:
            self._jobs.places.release(place)
            self._jobs.drop(record.id)
            raise
        upload = PartialUpload(record, place, path, 0, time.time(), time.time())
        self._uploads[record.id] = upload
        return upload

    async def get(self, upload_id: str, caller: Key | None) -> PartialUpload | Job:
        """An upload, once nobody writes to it; or the transmission that it has become.

        Whoever asks wants to go on: who wrote until now may hang on a connection that is gone.

        Raises:
            NotFound: there is none of that id, or it is another key's.
            SemvidError: it is whole, and is no video that is taken.
        """
        upload = self._uploads.get(upload_id)
        if upload is None:
            return self._jobs.get(upload_id)
        if upload.record.caller != (None if caller is None else caller.name):
            raise NotFound(f"no upload {upload_id} of this key; begin one with POST /v1/uploads")
        if upload.writing is not None:
            if upload.offset < upload.record.length:
                upload.writing.cancel()
            await asyncio.wait({upload.writing})
        if upload_id not in self._uploads:
            return self._jobs.get(upload_id)
        if upload.offset == upload.record.length:  # it could not be taken when its last byte came
            return await self.append(upload, upload.offset, _nothing()) or upload
        return upload

    async def append(
        self,
        upload: PartialUpload,
        offset: int,
        pieces: AsyncIterator[bytes],
        checksum: Checksum | None = None,
    ) -> Job | None:
        """Takes bytes from ``offset`` on.

        Returns:
            The transmission, where they were the last ones.

        Raises:
            Conflict: not these bytes are due, or another request went on with the upload.
            LimitExceeded: more bytes than were announced.
            ChecksumMismatch: they are others than the checksum says.
            StorageFull: there is no room; what came before is kept.
            SemvidError: what is wrong with the video; it is gone then.
        """
        if offset != upload.offset:
            raise Conflict(f"Upload-Offset is {offset}, and byte {upload.offset} is due; ask with HEAD")
        upload.writing = asyncio.create_task(self._take(upload, pieces, checksum))
        try:
            return await upload.writing
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                upload.writing.cancel()
                await asyncio.wait({upload.writing})
                raise
            raise Conflict("another request goes on with this upload") from error
        finally:
            upload.writing = None

    def terminate(self, upload: PartialUpload) -> None:
        """Gives it up."""
        self._drop(upload)

    async def _take(
        self, upload: PartialUpload, pieces: AsyncIterator[bytes], checksum: Checksum | None
    ) -> Job | None:
        await self._write(upload, pieces, checksum)
        if upload.offset < upload.record.length:
            return None
        record, folder = upload.record, upload.path.parent
        try:
            span = self._traces.span("upload", record.traceparent, upload.began, transmission_id=record.id)
            with span:
                span.note(bytes=record.length, resumable=True)
                chosen = await self._acceptance.choose(record.options)
                upload.path.replace(folder / "upload")
                job = await self._acceptance.accept(upload.place, folder, record.name, chosen, span)
        except (StorageFull, asyncio.CancelledError):  # later, or after the next start, it may be taken
            if (folder / "upload").exists():
                (folder / "upload").replace(upload.path)
            raise
        except BaseException:
            self._drop(upload)
            raise
        del self._uploads[record.id]
        self._jobs.places.release(upload.place)
        return job

    async def _write(
        self, upload: PartialUpload, pieces: AsyncIterator[bytes], checksum: Checksum | None
    ) -> None:
        start, whole = upload.offset, False
        running = None if checksum is None else hashlib.new(checksum.algorithm, usedforsecurity=False)
        with upload.path.open("r+b", buffering=0) as file:
            try:
                file.seek(start)
                async for piece in pieces:
                    if upload.offset + len(piece) > upload.record.length:
                        raise LimitExceeded(
                            f"the upload was announced with {upload.record.length} bytes, and more came; "
                            "send no more, or begin another upload"
                        )
                    with room_on_disk(self._jobs.folder):
                        await _in_thread(_write_all, file, piece)
                    if running is not None:
                        running.update(piece)
                    upload.offset, upload.touched = upload.offset + len(piece), time.time()
                whole = True
            finally:
                # what a checksum was to prove and did not is not kept
                proven = (
                    checksum is None
                    or running is None
                    or (whole and hmac.compare_digest(running.digest(), checksum.digest))
                )
                if not proven:
                    upload.offset = start
                with room_on_disk(self._jobs.folder):
                    await _in_thread(_settle, file, upload.offset)
        if not proven:
            raise ChecksumMismatch("the piece is not what Upload-Checksum says; send it again")

    def _drop(self, upload: PartialUpload) -> None:
        self._uploads.pop(upload.record.id, None)
        self._jobs.places.release(upload.place)
        self._jobs.drop(upload.record.id)


async def _nothing() -> AsyncIterator[bytes]:
    """No bytes."""
    return
    yield b""


async def _in_thread(act: Callable[[FileIO, Given], None], file: FileIO, given: Given) -> None:
    """Runs ``act`` in a thread; who is cancelled meanwhile waits for its end, as it uses ``file``."""
    acting = asyncio.create_task(asyncio.to_thread(act, file, given))
    try:
        await asyncio.shield(acting)
    except asyncio.CancelledError:
        await asyncio.wait({acting})
        raise


def _write_all(file: FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


def _settle(file: FileIO, offset: int) -> None:
    """What is told to have come is on the disk, and nothing else."""
    file.truncate(offset)
    os.fsync(file.fileno())
