"""What lies in the current folder is not imported: a user's own channel.py or numpy.py is not ours.

Call it before anything else is imported. Only ``python -P -m`` (or the command `semvid`) keeps Python itself
from starting a ``channel.py`` of the current folder in the place of ours.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
"""Folder that our packages lie in: a checkout or ``site-packages``."""


def forget_current_folder() -> None:
    """Takes the current folder off `sys.path`, unless it is the one that our packages lie in.

    ``python -m`` puts it there, and so does an empty entry of ``PYTHONPATH``, as ``PYTHONPATH=:/some/folder``
    has one; a folder that is named there in full is meant.
    """
    here = os.getcwd()  # noqa: PTH109
    if here == ROOT:
        return
    if not sys.flags.safe_path and sys.path[:1] in ([here], [""]):
        del sys.path[0]
    told = os.environ.get("PYTHONPATH", "")
    if told != without_current_folder(told) and here not in told.split(os.pathsep):
        sys.path[:] = [entry for entry in sys.path if entry not in (here, "")]
        os.environ["PYTHONPATH"] = without_current_folder(told)  # for what this process starts


def without_current_folder(python_path: str) -> str:
    """``PYTHONPATH`` without the entries that mean whatever folder is the current one."""
    return os.pathsep.join(entry for entry in python_path.split(os.pathsep) if entry not in ("", os.curdir))
