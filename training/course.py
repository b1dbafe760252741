"""The course of a training, whatever learns: steps, a curve, and a checkpoint to go on from."""

from __future__ import annotations

import csv
import io
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from torch import nn

from semvid.errors import InvalidInput
from semvid.service.files import replacing, write_atomically

CHECKPOINT: Final = "checkpoint.pt"
CURVE: Final = "curve.csv"
_CURVE_EVERY: Final = 50  # steps
_UNREADABLE: Final = (RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError)


class Learning(Protocol):
    """What a checkpoint keeps: networks and optimisers."""

    def state_dict(self) -> Any:
        """Of it."""

    def load_state_dict(self, state_dict: Any, /) -> Any:
        """As it was."""


@dataclass(eq=False)
class Course:
    """One run's way.

    Attributes:
        asked: what the run was asked to do, a dataclass; one that is resumed is asked the same.
        steps: in all.
        folder: for checkpoint and curve; it is there.
        what: learns, for messages, as "a restorer".
        columns: of the curve: the step, what a step measures, seconds.
        checkpoint_every: so many steps.
        step: steps done.
        seconds: spent on them.
    """

    asked: Any
    steps: int
    folder: Path
    what: str
    columns: Sequence[str]
    checkpoint_every: int
    step: int = 0
    seconds: float = 0.0
    _rows: list[list[float]] = field(default_factory=list)
    _recent: list[list[float]] = field(default_factory=list)

    @property
    def begins_a_row(self) -> bool:
        """Whether nothing was measured since the latest row of the curve."""
        return not self._recent

    @property
    def curve(self) -> list[dict[str, float]]:
        """Means over some steps each, by the names of ``columns``."""
        return [dict(zip(self.columns, row, strict=True)) for row in self._rows]

    def go(
        self,
        one_step: Callable[[], list[float]],
        learning: Mapping[str, Learning],
        tell: Callable[[str], None],
        seconds: float,
        more: Mapping[str, Any] | None = None,
    ) -> bool:
        """Steps until all are done or ``seconds`` have passed; whether all are done.

        Args:
            one_step: measures what ``columns`` names between step and seconds; nan: not this time.
            learning: kept by name, as is ``more``.
            tell: given a line now and then.
        """
        begun, spent = time.monotonic(), self.seconds
        while self.step < self.steps and time.monotonic() - begun < seconds:
            self._recent.append(one_step())
            self.step += 1
            self.seconds = spent + time.monotonic() - begun
            if not self.step % _CURVE_EVERY or self.step == self.steps:
                means = [float(mean) for mean in np.nanmean(self._recent, axis=0)]
                self._rows.append([self.step, *means, self.seconds])
                self._recent.clear()
                told = ", ".join(f"{name} {value:.4g}" for name, value in self.curve[-1].items())
                tell(f"{told} (of {self.steps} steps)")
            if not self.step % self.checkpoint_every:
                self._save(learning, more or {})
        self._save(learning, more or {})
        return self.step == self.steps

    def checkpoint(self, device: torch.device) -> dict[str, Any]:
        """What was kept last.

        Raises:
            InvalidInput: nothing was, or by a run that was asked something else.
        """
        path = self.folder / CHECKPOINT
        if not path.is_file():
            raise InvalidInput(f"training: there is no {path} to resume; leave --resume away")
        try:
            state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
            asked = type(self.asked)(**state["asked"])
        except _UNREADABLE as error:
            raise self._no_checkpoint() from error
        if asked != self.asked:
            raise InvalidInput(
                f"training: {path} belongs to a run of {asked}, and this one is {self.asked}; ask the same, "
                "or begin anew without --resume"
            )
        return state

    def take(self, state: Mapping[str, Any], learning: Mapping[str, Learning]) -> None:
        """Goes on from a `checkpoint`.

        Raises:
            InvalidInput: it is none of this kind.
        """
        try:
            for name, one in learning.items():
                one.load_state_dict(state[name])
            self.step, self.seconds = state["step"], state["seconds"]
            self._rows, self._recent = state["rows"], state["recent"]
        except _UNREADABLE as error:
            raise self._no_checkpoint() from error

    def _no_checkpoint(self) -> InvalidInput:
        path = self.folder / CHECKPOINT
        return InvalidInput(f"training: {path} is no checkpoint of {self.what}; remove it")

    def _save(self, learning: Mapping[str, Learning], more: Mapping[str, Any]) -> None:
        state = {
            "asked": asdict(self.asked),
            "step": self.step,
            "seconds": self.seconds,
            **{name: one.state_dict() for name, one in learning.items()},
            "rows": self._rows,
            "recent": self._recent,
            **more,
        }
        with replacing(self.folder / CHECKPOINT) as file:
            torch.save(state, file)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([round(value, 6) for value in row] for row in self._rows)
        write_atomically(self.folder / CURVE, text.getvalue())


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, step: int, most: float) -> None:
    """Moves the running average of a network's weights towards them; what it keeps rises to ``most``."""
    kept = min(most, (1 + step) / (10 + step))
    for ours, theirs in zip(average.parameters(), network.parameters(), strict=True):
        ours.lerp_(theirs, 1 - kept)
