"""Keeps SVT-AV1 from taking the machine: as root it gives itself real-time priority over everything else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """Whatever starts threads in this block, they and the caller share the processor with others afterwards.

    Linux only; elsewhere, and for threads that end meanwhile, there is nothing to do.
    """
    try:
        yield
    finally:
        if hasattr(os, "sched_setscheduler"):
            for task in Path("/proc/self/task").iterdir():
                _demote(int(task.name))


def _demote(thread: int) -> None:
    try:
        if os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR):
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
    except ProcessLookupError:
        return
