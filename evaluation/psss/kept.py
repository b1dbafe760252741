"""Records of clips that are done, so that a run that was stopped goes on where it was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from semvid.service.files import write_atomically

Record = dict[str, Any]
_SUFFIX: Final = ".partial"


class Kept:
    """A folder beside the result, with one file for each clip and experiment; gone when the result is there.

    Args:
        out: the result.
        made_with: everything else that decides a record; one that was made with something else is made anew.
    """

    def __init__(self, out: Path, made_with: Record) -> None:
        self._folder, self._made_with = out.with_suffix(_SUFFIX), json.loads(json.dumps(made_with))
        self._folder.mkdir(parents=True, exist_ok=True)

    def records(self, experiment: str, clip: str, make: Callable[[], list[Record]]) -> list[Record]:
        """Those of a clip, as they were made before, or made now."""
        path = self._folder / f"{experiment}-{clip}.json"
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["made_with"] == self._made_with:
                return list(stored["records"])
        except FileNotFoundError:
            pass
        made = json.loads(json.dumps(make()))
        write_atomically(path, json.dumps({"made_with": self._made_with, "records": made}))
        return list(made)

    def forget(self) -> None:
        """Removes what is in the result now."""
        for path in self._folder.glob("*.json"):
            path.unlink()
        self._folder.rmdir()
