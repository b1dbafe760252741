"""A disk of a few MiB that can be filled to its last byte: a tmpfs, mounted for the run."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from semvid.errors import MissingComponent

SIZE_MIB = 48
_BALLAST = ".ballast"
_STEP_BYTES = 2**16
_INSIDE = "SEMVID_CHAOS_NAMESPACE"


class SmallDisk:
    """Mounted while the context lasts.

    Args:
        folder: where it is mounted; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.full = False

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "semvid-chaos", str(self.folder))
        return self

    def __exit__(self, *exc: object) -> None:
        # lazily: a process that ends only now may hold a file there
        subprocess.run(["umount", "-l", str(self.folder)], check=True)

    def fill(self) -> None:
        """Leaves no room: every write that needs a new block fails with ENOSPC, until `make_room`."""
        self.full = True
        with (self.folder / _BALLAST).open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(_STEP_BYTES))

    def make_room(self) -> None:
        """There is room again."""
        self.full = False
        (self.folder / _BALLAST).unlink(missing_ok=True)


def enter_namespace() -> None:
    """Starts this program anew where it may mount, in user and mount namespaces of its own; root stays.

    Raises:
        MissingComponent: this system gives a program no such namespace.
    """
    if os.geteuid() == 0 or _INSIDE in os.environ:
        return
    asked = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*asked, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingComponent(
            "chaos: a full disk is a tmpfs, and this user can mount none (`unshare --user --map-root-user "
            "--mount` fails); run it as root, or with --no-disks"
        ) from error
    os.environ[_INSIDE] = "1"
    module = sys.modules["__main__"].__spec__
    name = module.name.removesuffix(".__main__") if module else "evaluation.chaos"
    os.execvp("unshare", [*asked, sys.executable, "-m", name, *sys.argv[1:]])


def _mount(*arguments: str) -> None:
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", "") or error
        raise MissingComponent(
            f"chaos: no tmpfs can be mounted ({str(told).strip()}); run it as root, or with --no-disks"
        ) from error
