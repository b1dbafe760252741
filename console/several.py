"""Several files, one after the other, and what became of each."""

import csv
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from console.results import SUMMARY, folder_names, prepare
from console.terminal import TerminalObserver
from semvid import errors

Json = dict[str, Any]

COLUMNS: Final = (
    "file",  # as it was given
    "folder",  # of its results, in the folder of the summary
    "state",  # SUCCEEDED, TRUNCATED or FAILED
    "error",  # one sentence; empty where there is none
    "id",  # of the transmission
    *("width", "height", "frames", "frames_out", "undecodable_frames", "duration_s", "keyframes"),
    *("symbols", "cbr", "snr_db", "realised_snr_db", "psnr_db", "ssim"),
    "seconds",  # that it took
)


@dataclass
class Outcome:
    """What became of one file; a failure until something else is known.

    Attributes:
        file, folder, state, error: see `COLUMNS`.
        values: of the other columns, those that are known.
        document: the report or the transmission; None where there is none.
    """

    file: str
    folder: str
    state: str = "FAILED"
    error: str = ""
    values: Json = field(default_factory=dict)
    document: Json | None = None

    def row(self) -> Json:
        """Of the summary."""
        known = {name: value for name, value in self.values.items() if value is not None}
        error = " ".join(self.error.split())
        return {"file": self.file, "folder": self.folder, "state": self.state, "error": error, **known}

    def to_json(self, kind: str) -> Json:
        """For ``--json``; the document under ``kind``."""
        known = {"file": self.file, "folder": self.folder, "state": self.state, "error": self.error or None}
        return {**known, kind: self.document}


class Several:
    """Files on their way to results: a folder each, and a row in ``summary.csv`` as soon as one is done with.

    A context manager.

    Args:
        clips: the files.
        out: folder for all results; what an earlier run left there goes.
        observer: is told which one is next, and how it ended.

    Attributes:
        outcomes: of all of them, in order.

    Raises:
        InvalidInput: the output folder will not do.
    """

    def __init__(self, clips: Sequence[Path], out: Path, observer: TerminalObserver) -> None:
        prepare(out, clips)
        self.outcomes = [Outcome(str(c), name) for c, name in zip(clips, folder_names(clips), strict=True)]
        self._waiting = deque(zip(clips, self.outcomes, strict=True))
        self._out, self._observer = out, observer
        self._file = (out / SUMMARY).open("w", newline="", encoding="utf-8")
        self._rows = csv.DictWriter(self._file, COLUMNS, restval="")
        self._rows.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    @property
    def waiting(self) -> bool:
        """Whether there is another one."""
        return bool(self._waiting)

    def take(self, carry_out: Callable[[Path, Path, Outcome], None]) -> None:
        """Carries out the next one; its failure ends nothing else.

        Args:
            carry_out: is given the file, the folder for its results, and the outcome to fill in.
        """
        clip, outcome = self._waiting.popleft()
        self._observer.begin(f"{len(self.outcomes) - len(self._waiting)} of {len(self.outcomes)}: {clip}")
        folder = self._out / outcome.folder
        try:
            prepare(folder, [clip])
            carry_out(clip, folder, outcome)
        except errors.SemvidError as error:
            outcome.error = str(error)
        except OSError as error:
            outcome.error = f"{error.filename or 'the system'}: {error.strerror or error}"
        self._note(outcome)

    def give_up(self, error: errors.SemvidError) -> None:
        """None of those that wait can be carried out."""
        while self._waiting:
            _, outcome = self._waiting.popleft()
            outcome.error = str(error)
            self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        self._rows.writerow(outcome.row())
        self._file.flush()
        self._observer.notice(f"{outcome.file}: {outcome.state}{outcome.error and ': ' + outcome.error}")


def write_json(path: Path, document: Json) -> None:
    """A document for people to read."""
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
