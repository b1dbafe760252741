"""Who may use a REST interface: a file of keys, of which only digests are kept.

One key a line: its name, the SHA-256 of the key, transmissions a day that it may hand in, or ``-`` for any
number, and what it may do (`semvid.service.rights`), which is everything where that is missing. A key has 256
bits of the system's randomness, so a plain digest is as good as a slow one; nobody chooses it, and nobody
guesses it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from semvid.errors import Conflict, InvalidInput, NotFound
from semvid.service.files import write_atomically
from semvid.service.rights import EVERYTHING, Right, parse_rights, written_rights

_NAME = re.compile("[A-Za-z0-9._-]{1,64}")
_DIGEST = re.compile("[0-9a-f]{64}")
_PER_DAY = re.compile("-|[0-9]{1,9}")
_HEAD = "# semvid keys: name, SHA-256 of the key, transmissions a day (-: any number), rights (or all)\n"
_MAX_BYTES = 2**20
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        name: of whom it was made for.
        digest: SHA-256 of the key, 64 hexadecimal digits.
        per_day: transmissions that it may hand in within 24 hours; None: any number.
        rights: what it may do.
    """

    name: str
    digest: str
    per_day: int | None = None
    rights: frozenset[Right] = EVERYTHING

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(f"name of a key: {self.name!r}; take 1..64 characters of A-Z a-z 0-9 . _ -")
        if self.per_day is not None and self.per_day < 0:
            raise InvalidInput(f"key {self.name}: {self.per_day} transmissions a day; take 0 or more")


def parse_keys(text: str) -> list[Key]:
    """Reads a file of keys.

    Raises:
        InvalidInput: a line that is no key, or a name that comes twice; names the line, never its digest.
    """
    keys: dict[str, Key] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        known = len(words) in (3, 4) and _DIGEST.fullmatch(words[1]) and _PER_DAY.fullmatch(words[2])
        if not known:
            raise InvalidInput(f"line {number} is no key; make keys with `semvid keys new NAME --file FILE`")
        try:
            rights = EVERYTHING if len(words) == 3 else parse_rights(words[3])
        except InvalidInput as error:
            raise InvalidInput(f"line {number}: {error}") from error
        key = Key(words[0], words[1], None if words[2] == "-" else int(words[2]), rights)
        if key.name in keys:
            raise InvalidInput(f"line {number}: there is a key {key.name} already; remove one of them")
        keys[key.name] = key
    return list(keys.values())


def written(keys: Iterable[Key]) -> str:
    """What `parse_keys` reads."""

    def line(key: Key) -> str:
        words = [key.name, key.digest, "-" if key.per_day is None else str(key.per_day)]
        if key.rights != EVERYTHING:  # so that earlier versions read what they know
            words.append(written_rights(key.rights))
        return " ".join(words) + "\n"

    return _HEAD + "".join(map(line, keys))


def read_keys(path: Path) -> list[Key]:
    """The keys of a file.

    Raises:
        InvalidInput: it cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"keys: {path} cannot be read: {error.strerror}") from error
    try:
        if len(content) > _MAX_BYTES:
            raise InvalidInput(f"it has more than {_MAX_BYTES} bytes")
        return parse_keys(content.decode())
    except (InvalidInput, UnicodeDecodeError) as error:
        raise InvalidInput(f"keys: {path}: {error}") from error


def add_key(path: Path, name: str, per_day: int | None = None, rights: frozenset[Right] = EVERYTHING) -> str:
    """Makes a key, adds its digest to the file (which need not be there), and returns the key itself.

    Raises:
        Conflict: the name is taken.
        InvalidInput: a wrong name or number, or a file that cannot be read.
    """
    keys = read_keys(path) if path.exists() else []
    if any(key.name == name for key in keys):
        raise Conflict(f"keys: {path} has a key {name} already; remove it first, or take another name")
    token = f"semvid_{secrets.token_urlsafe(32)}"
    write_atomically(path, written([*keys, Key(name, digest(token), per_day, rights)]), durable=True)
    return token


def remove_key(path: Path, name: str) -> None:
    """Takes a key out of the file; services that read it refuse the key from their next request on.

    Raises:
        NotFound: there is none of that name.
        InvalidInput: the file cannot be read.
    """
    keys = read_keys(path)
    rest = [key for key in keys if key.name != name]
    if len(rest) == len(keys):
        raise NotFound(
            f"keys: {path} has no key {name}; it has {', '.join(key.name for key in keys) or 'none'}"
        )
    write_atomically(path, written(rest), durable=True)


def digest(token: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(token.encode()).hexdigest()


class KeyFile:
    """The keys that a service knows; a changed file holds from the next request on.

    Args:
        path: of the file.

    Raises:
        InvalidInput: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = read_keys(path)
        self._version = self._now()

    def holder(self, token: str) -> Key | None:
        """The key that ``token`` is; None: it is none of them.

        A file that cannot be read any more opens for nobody, and the log says so.
        """
        if (version := self._now()) != self._version:
            self._version = version
            try:
                self._keys = read_keys(self._path)
            except InvalidInput as error:
                self._keys = []
                _log.error("keys cannot be read, nobody is let in", detail=str(error))
        shown, found = digest(token), None
        for key in self._keys:  # all of them, always: the time taken tells nothing
            if hmac.compare_digest(shown, key.digest):
                found = key
        return found

    def _now(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
