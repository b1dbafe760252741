"""One service to a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semvid.errors import InvalidInput

_NAME = ".semvid.lock"


@contextmanager
def sole_user(folder: Path, setting: str) -> Iterator[None]:
    """Holds ``folder`` for this process; the system lets go of it however the process ends (flock(2)).

    Args:
        folder: that is there and can be written.
        setting: names the folder, for the message.

    Raises:
        InvalidInput: another service has it.
    """
    # not removed afterwards: whoever opened it meanwhile would hold a lock on a file that is gone
    with (folder / _NAME).open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise InvalidInput(
                f"{folder.absolute()} is in use by another service (process {file.read().strip() or '?'}); "
                f"stop it or set {setting} to another folder"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
