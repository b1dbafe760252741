"""Training of a network that corrects pictures: what one step does, and what it measures."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from training.course import Course, follow
from training.losses import PARTS, Loss

COLUMNS: Final = ("step", *PARTS, *(f"{part}_before" for part in PARTS), "seconds")

_RISE: Final = 100  # steps
_STEEPEST: Final = 1.0  # norm of a gradient
_AVERAGED: Final = 0.995  # of the running average, a step
_COMPARED_EVERY: Final = 10  # steps; what the loss says of pictures as they were
_CHECKPOINT_EVERY: Final = 200  # steps

Network = TypeVar("Network", bound=nn.Module)


class Asked(Protocol):
    """What a run was asked to do, a dataclass; one that is resumed is asked the same."""

    @property
    def steps(self) -> int:
        """In all; the learning rate falls to nothing towards them."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a step looks at, float32 [n, 3, h, w], RGB 0..1.

    Attributes:
        made: by the network.
        before: as it was without it.
        real: as it should be.
    """

    made: Tensor
    before: Tensor
    real: Tensor


class Correction(Generic[Network]):
    """One run.

    Args:
        asked: what to do.
        network: to begin with.
        folder: for checkpoint and curve; it is there.
        what: learns, for messages, as "a restorer".
        device: where.
        loss: what is blamed.
        rate: of Adam, at its highest.
        resume: go on from the checkpoint in ``folder``.

    Attributes:
        network: learns.
        average: its running average, which is what is exported.
        course: steps, curve, checkpoint.

    Raises:
        InvalidInput: no checkpoint to resume, or one of a run that was asked something else.
    """

    def __init__(
        self,
        asked: Asked,
        network: Network,
        folder: Path,
        what: str,
        device: torch.device,
        loss: Loss,
        rate: float,
        resume: bool,
    ) -> None:
        self._rate, self._loss = rate, loss.to_device(device)
        self.average = copy.deepcopy(network).to(device)
        self.network = network.to(device, memory_format=torch.channels_last)
        self._optimiser = torch.optim.Adam(self.network.parameters(), rate, betas=(0.9, 0.99))
        self.course = Course(asked, asked.steps, folder, what, COLUMNS, _CHECKPOINT_EVERY)
        self._learning: dict[str, Any] = {
            "network": self.network,
            "average": self.average,
            "optimiser": self._optimiser,
        }
        if resume:
            self.course.take(self.course.checkpoint(device), self._learning)

    def run(self, show: Callable[[int], Shown], tell: Callable[[str], None], seconds: float) -> bool:
        """Trains until all steps are done or ``seconds`` have passed; whether all are done.

        Args:
            show: what the network makes at a step.
            tell: given a line now and then.
            seconds: of this call, at most.
        """
        return self.course.go(lambda: self._step(show), self._learning, tell, seconds)

    def _step(self, show: Callable[[int], Shown]) -> list[float]:
        step = self.course.step
        share = step / self.course.steps
        rate = self._rate * min(1.0, (step + 1) / _RISE) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        shown = show(step)
        parts = self._loss.parts(shown.made, shown.real)
        self._optimiser.zero_grad()
        self._loss.total(parts).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _STEEPEST)
        self._optimiser.step()
        follow(self.average, self.network, step, _AVERAGED)
        with torch.no_grad():
            compared = self.course.begins_a_row or not step % _COMPARED_EVERY
            before = self._loss.parts(shown.before, shown.real) if compared else {}
        return [
            *(float(parts[name].detach()) for name in PARTS),
            *(float(before.get(name, math.nan)) for name in PARTS),
        ]
