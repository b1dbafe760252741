"""numba's `njit` with a cache that works where the installation cannot be written and nobody is at home.

numba keeps machine code beside the source, or else under the user's home folder, and where it can write
neither it refuses to decorate a function. Then a folder of this user's among the temporary ones takes it, and
a line on standard error says so.
"""

import logging
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_log = logging.getLogger(__name__)


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` with a cache, if there is any place for one."""
    decorator: Callable[[Callable[..., Any]], Any] = numba.njit(cache=_CACHED, **options)
    return decorator


def find_cache() -> bool:
    """Makes sure that numba has a cache that can be written; False where there is no place for one."""
    if not _has_no_home() and _numba_has_one():
        return True
    here = Path(__file__).parent
    try:
        folder = _own_temporary_folder()
    except OSError as error:
        _log.warning("%s cannot be written, nor can a temporary folder: %s; no cache", here, error)
        return False
    numba.config.CACHE_DIR = str(folder)
    _log.warning("neither %s nor a home folder can be written; compiled code is kept in %s", here, folder)
    return _numba_has_one()


def _has_no_home() -> bool:
    """Whether numba would take ``~`` for the name of a folder here."""
    named = numba.config.CACHE_DIR or os.environ.get("XDG_CACHE_HOME")
    return not named and os.path.expanduser("~") == "~" and not os.access(Path(__file__).parent, os.W_OK)  # noqa: PTH111


def _numba_has_one() -> bool:
    try:
        numba.njit(cache=True)(_own_temporary_folder)  # chooses the place; compiles nothing
    except RuntimeError:
        return False
    return True


def _own_temporary_folder() -> Path:
    """A folder that is the same every time and that nobody else can write: code is loaded from it."""
    folder = Path(tempfile.gettempdir()) / f"semvid-numba-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        return Path(tempfile.mkdtemp(prefix="semvid-numba-"))
    return folder


_CACHED = find_cache()
