"""What a process keeps of memory that many of its threads have used and freed."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from semvid.service.allocator import bound_freed_memory

_SCRATCH = """
import ctypes, re, sys, threading
from semvid.service.allocator import bound_freed_memory
if sys.argv[1] == "bounded":
    bound_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def used(turn):
    turn.wait()
    pieces = [libc.malloc(100_000) for _ in range(120)]  # 12 MB, of which the last keeps the rest resident
    for piece in pieces: ctypes.memset(piece, 1, 100_000)
    for piece in pieces[:-1]: libc.free(piece)

turns = [threading.Event() for _ in range(12)]
threads = [threading.Thread(target=used, args=(turn,)) for turn in turns]
for thread in threads: thread.start()
for thread, turn in zip(threads, turns):  # one after the other: never more than 12 MB are in use
    turn.set(); thread.join()
print(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""

linux = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")


def resident_mib(how: str, **environment: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _SCRATCH, how],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if "MALLOC" not in name} | environment,
    )
    return int(done.stdout) / 1024


@linux
def test_scratch_of_threads_one_after_the_other_is_not_kept_by_each_of_them() -> None:
    free, bounded = resident_mib("free"), resident_mib("bounded")
    assert free - bounded > 60  # of twelve times 12 MB that nobody uses; all at once would be 144


@linux
def test_who_runs_the_service_has_the_say() -> None:
    kept = resident_mib("bounded", MALLOC_ARENA_MAX="32")
    assert kept - resident_mib("bounded") > 60


def test_it_may_be_said_twice_and_anywhere() -> None:
    bound_freed_memory()
    bound_freed_memory()
