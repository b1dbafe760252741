"""A service ends when the process that started it does, however that one ended.

Both hold one end of a pipe. The system closes the starter's end when it is gone, killed by SIGKILL or not,
and the service sees the end of the file. (Linux could send a signal by itself, PR_SET_PDEATHSIG, but does so
when the starter's thread ends.)
"""

import os
import signal
import threading
import time
from contextlib import suppress
from typing import Final

_VARIABLE: Final = "SEMVID_LIFELINE"  # number of the file descriptor that the service reads
_GRACE_S: Final = 5.0  # nobody waits for what it would still finish


class Lifeline:
    """The starter's end.

    Attributes:
        environment: to be added to that of the service.
        passed: file descriptors to hand to it (``pass_fds`` of `subprocess.Popen`).
    """

    def __init__(self) -> None:
        self._theirs, self._ours = os.pipe()
        self.environment = {_VARIABLE: str(self._theirs)}
        self.passed = (self._theirs,)

    def started(self) -> None:
        """The service has its end; ours of it is closed."""
        os.close(self._theirs)

    def cut(self) -> None:
        """The service has ended, or is to end."""
        os.close(self._ours)


def follow_starter() -> None:
    """In the service: SIGTERM to this process when its starter is gone, SIGKILL to its group after 5 s.

    Does nothing where nobody holds the other end, as under a shell or a service manager.
    """
    told = os.environ.pop(_VARIABLE, None)  # what this process starts is not held by it
    if told is None:
        return
    descriptor = int(told)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_follow, args=(descriptor,), name="lifeline", daemon=True).start()


def _follow(descriptor: int) -> None:
    with suppress(OSError):  # a descriptor that is none: as if it were cut
        os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
