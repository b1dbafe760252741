"""Files that are whole or not there, and lists on disk that grow at their end."""

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from semvid.errors import InvalidInput, StorageFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def data_folder(path: Path, setting: str) -> Path:
    """``path``, made where it is missing.

    Raises:
        InvalidInput: it cannot be made or written into; names ``setting``.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise InvalidInput(
            f"{path.absolute()} cannot be written: {error.strerror}; set {setting} to a folder that can"
        ) from error
    return path


def is_full(error: BaseException | None) -> bool:
    """Whether ``error`` says that nothing more can be written: no space, no quota, a limit on file sizes."""
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def room_on_disk(folder: Path) -> Iterator[None]:
    """Around what writes into ``folder``.

    Raises:
        StorageFull: nothing more can be written there.
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise storage_full(folder) from error
        raise


def storage_full(folder: Path) -> StorageFull:
    """What is said where nothing more can be written into ``folder``."""
    return StorageFull(f"the disk of {folder.absolute()} is full; make room there and try again")


def set_aside(path: Path) -> Path:
    """Renames what cannot be read, so that nothing stumbles over it again; returns where it is now."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}.aside" + (f"-{number}" if number > 1 else ""))
        if not aside.exists():
            break
    path.rename(aside)
    return aside


@contextmanager
def replacing(path: Path, durable: bool = False) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of ``path`` when the block ends; not if the block raises.

    Several processes may do so at once; the last one wins.

    Args:
        path: in a folder that is there.
        durable: a crash of the machine, too, leaves the old file or the new one.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes, durable: bool = False) -> None:
    """Writes ``content`` as `replacing` does, text as UTF-8; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, durable) as file:
        file.write(content.encode() if isinstance(content, str) else content)


class JsonLines:
    """A list of JSON values, one a line, so that memory does not grow with it.

    A last line that a crash cut short is not read. A file that is not there is an empty list.

    Args:
        path: of the file.
        most_bytes: that it may take; where it would take more, the older half goes. None: it may grow.
    """

    def __init__(self, path: Path, most_bytes: int | None = None) -> None:
        self._path, self._most_bytes = path, most_bytes

    def append(self, value: Any) -> None:
        """Adds one value at the end."""
        with self._path.open("ab") as file:
            file.write(_line(value))
            size = file.tell()
        if self._most_bytes is not None and size > self._most_bytes:
            with self._path.open("rb") as file:
                file.seek(size // 2)
                file.readline()
                newer = file.read()
            write_atomically(self._path, newer)

    def read(self, offset: int = 0, limit: int | None = None) -> Iterator[Any]:
        """Values ``offset`` .. ``offset + limit - 1``, or all from ``offset`` on."""
        try:
            with self._path.open("rb") as file:
                whole = (line for line in file if line.endswith(b"\n"))
                for line in islice(whole, offset, None if limit is None else offset + limit):
                    yield json.loads(line)
        except FileNotFoundError:
            return

    def replace(self, values: Iterable[Any]) -> None:
        """Makes ``values`` the whole list, atomically."""
        write_atomically(self._path, b"".join(map(_line, values)))


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"
