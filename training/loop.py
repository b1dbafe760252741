"""Training itself: steps, a running average of the weights, checkpoints, a curve."""

from __future__ import annotations

import csv
import io
import math
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from semvid.errors import InvalidInput, MissingComponent
from semvid.service.files import replacing, write_atomically
from training.batches import Scene, draw
from training.export import take_weights
from training.losses import Loss
from training.network import RestorerNetwork

CHECKPOINT: Final = "checkpoint.pt"
CURVE: Final = "curve.csv"
_PARTS: Final = ("difference", "texture", "features", "gist", "lpips")
COLUMNS: Final = ("step", *_PARTS, *(f"{part}_before" for part in _PARTS), "seconds")

_RATE: Final = 5e-4  # of Adam, at its highest
_RATE_FROM_START: Final = 2e-4  # where it begins with what was learned before
_RISE: Final = 100  # steps
_STEEPEST: Final = 1.0  # norm of a gradient
_AVERAGED: Final = 0.995  # of the running average, a step
_CURVE_EVERY: Final = 50  # steps
_COMPARED_EVERY: Final = 10  # steps; what the loss says of pictures as they were coded
_CHECKPOINT_EVERY: Final = 200  # steps


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked to do; one that is resumed is asked the same.

    Attributes:
        steps: in all; the learning rate falls to nothing towards them.
        seed: of weights, crops and the split.
        batch: crops of one step.
        features, lpips: names of the files of networks in the loss; empty: none.
        bfloat16: convolutions in 16 bits, faster where the processor has them.
        start: digest of the model whose weights it begins with; empty: random ones.
    """

    steps: int
    seed: int = 0
    batch: int = 4
    features: str = ""
    lpips: str = ""
    bfloat16: bool = False
    start: str = ""


class Training:
    """One run. Make it, `run` it, and take `average`.

    Args:
        asked: what to do.
        folder: for checkpoint and curve; it is there.
        device: ``auto``, ``cpu`` or ``cuda``.
        loss: what is blamed.
        resume: go on from the checkpoint in ``folder``.
        start: a model whose weights it begins with.

    Attributes:
        step: steps done.
        seconds: spent on them.
        average: the running average of the network, which is what is exported.

    Raises:
        InvalidInput: no such device, no checkpoint to resume, or one of a run that was asked something else.
        MissingComponent: a GPU is asked for and torch finds none.
    """

    def __init__(
        self,
        asked: Asked,
        folder: Path,
        device: str = "auto",
        loss: Loss | None = None,
        resume: bool = False,
        start: Path | None = None,
    ) -> None:
        self._asked, self._folder, self._device = asked, folder, chosen_device(device)
        torch.manual_seed(asked.seed)
        network = RestorerNetwork()
        if start is not None:
            take_weights(start, network)
        self._network = network.to(self._device, memory_format=torch.channels_last)
        self._rate = _RATE if start is None else _RATE_FROM_START
        self.average = RestorerNetwork().to(self._device)
        self.average.load_state_dict(self._network.state_dict())
        self._optimiser = torch.optim.Adam(self._network.parameters(), self._rate, betas=(0.9, 0.99))
        self._loss = (loss or Loss()).to_device(self._device)
        self.step, self.seconds = 0, 0.0
        self._rows: list[list[float]] = []
        self._recent: list[list[float]] = []
        if resume:
            self._resume()

    def run(
        self,
        scenes: Sequence[Scene],
        tell: Callable[[str], None] = lambda _: None,
        seconds: float = math.inf,
    ) -> bool:
        """Trains until all steps are done or ``seconds`` have passed; whether all are done.

        Args:
            scenes: that may be learned from.
            tell: given a line now and then.
            seconds: of this call, at most.
        """
        begun, spent = time.monotonic(), self.seconds
        while self.step < self._asked.steps and time.monotonic() - begun < seconds:
            self._recent.append(self._step(scenes))
            self.step += 1
            self.seconds = spent + time.monotonic() - begun
            if not self.step % _CURVE_EVERY or self.step == self._asked.steps:
                means = [float(mean) for mean in np.nanmean(self._recent, axis=0)]
                self._rows.append([self.step, *means, self.seconds])
                self._recent.clear()
                tell(self._progress())
            if not self.step % _CHECKPOINT_EVERY:
                self._save()
        self._save()
        return self.step == self._asked.steps

    @property
    def curve(self) -> list[dict[str, float]]:
        """Means over some steps each, by the names of `COLUMNS`."""
        return [dict(zip(COLUMNS, row, strict=True)) for row in self._rows]

    def _step(self, scenes: Sequence[Scene]) -> list[float]:
        batch = draw(scenes, self._asked.seed, self.step, self._asked.batch)
        coded, real, conditions, grain = (
            torch.from_numpy(part).to(self._device)
            for part in (batch.coded, batch.sources, batch.conditions, batch.grain)
        )
        share = self.step / self._asked.steps
        rate = self._rate * min(1.0, (self.step + 1) / _RISE) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._asked.bfloat16):
            made = self._network(coded, conditions, grain)
        parts = self._loss.parts(made, real)
        self._optimiser.zero_grad()
        self._loss.total(parts).backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), _STEEPEST)
        self._optimiser.step()
        with torch.no_grad():
            self._follow(min(_AVERAGED, (1 + self.step) / (10 + self.step)))
            compared = not self._recent or not self.step % _COMPARED_EVERY
            before = self._loss.parts(coded, real) if compared else {}
        return [
            *(float(parts[name].detach()) for name in _PARTS),
            *(float(before.get(name, math.nan)) for name in _PARTS),
        ]

    def _follow(self, kept: float) -> None:
        for ours, theirs in zip(self.average.parameters(), self._network.parameters(), strict=True):
            ours.lerp_(theirs, 1 - kept)

    def _progress(self) -> str:
        row = self.curve[-1]
        parts = ", ".join(f"{part} {row[part]:.4f} (coded {row[part + '_before']:.4f})" for part in _PARTS)
        return f"step {row['step']:.0f} of {self._asked.steps}: {parts}, {row['seconds']:.0f} s"

    def _save(self) -> None:
        state = {
            "asked": asdict(self._asked),
            "step": self.step,
            "seconds": self.seconds,
            "network": self._network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "rows": self._rows,
            "recent": self._recent,
        }
        with replacing(self._folder / CHECKPOINT) as file:
            torch.save(state, file)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([round(value, 6) for value in row] for row in self._rows)
        write_atomically(self._folder / CURVE, text.getvalue())

    def _resume(self) -> None:
        path = self._folder / CHECKPOINT
        if not path.is_file():
            raise InvalidInput(f"training: there is no {path} to resume; leave --resume away")
        try:
            state: dict[str, Any] = torch.load(path, map_location=self._device, weights_only=True)
            asked = Asked(**state["asked"])
            self._network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds = state["step"], state["seconds"]
            self._rows, self._recent = state["rows"], state["recent"]
        except (RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise InvalidInput(f"training: {path} is no checkpoint of a restorer; remove it") from error
        if asked != self._asked:
            raise InvalidInput(
                f"training: {path} belongs to a run of {asked}, and this one is {self._asked}; ask the same, "
                "or begin anew without --resume"
            )


def parameters(network: nn.Module) -> int:
    """How many numbers it has learned."""
    return sum(one.numel() for one in network.parameters())


def state(network: nn.Module) -> dict[str, Tensor]:
    """Its weights by name, on the CPU."""
    return {name: value.detach().cpu() for name, value in network.state_dict().items()}


def chosen_device(name: str) -> torch.device:
    """The device of a name: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InvalidInput: no such device.
        MissingComponent: a GPU is asked for and torch finds none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InvalidInput(f"training: there is no device {name!r}; choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise MissingComponent("training: torch finds no GPU; use --device cpu, or install torch with CUDA")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
