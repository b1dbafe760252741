"""How glibc keeps freed memory: in few arenas, and no large pieces of it.

Every thread takes one of up to eight arenas a core, and an arena keeps the largest scratch that any of its
threads ever used. Work here moves between the threads of pools, so one arena after the other grew as large as
all the work does: what was in use stayed flat, and what was free, and resident, did not, until chance had led
the work through all of them (docs/live.md). What is kept changes here, not what is computed.
"""

import ctypes
import os
from typing import Final

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # malloc.h; mallopt(3)
_ARENAS: Final = 2
_LARGE: Final = 2**20  # bytes; such pieces go back to the system at once. By itself glibc raises it to 32 MiB
_KEPT_ON_TOP: Final = 2**22  # bytes, of an arena
_SETTINGS: Final = {
    "MALLOC_ARENA_MAX": (_ARENA_MAX, _ARENAS),
    "MALLOC_MMAP_THRESHOLD_": (_MMAP_THRESHOLD, _LARGE),
    "MALLOC_TRIM_THRESHOLD_": (_TRIM_THRESHOLD, _KEPT_ON_TOP),
}
"""Each by the variable with which an operator sets it (mallopt(3)), who then has the say."""


def bound_freed_memory() -> None:
    """Bounds what this process keeps of memory that it freed; before its threads start.

    Does nothing where the C library is not glibc, or another allocator is loaded in its place.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is None or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        return
    for variable, (parameter, value) in _SETTINGS.items():
        if variable not in os.environ:
            mallopt(parameter, value)
