"""Training of the restorer: with what it begins, and what it looks at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from semvid.errors import InvalidInput, MissingComponent
from training.batches import Scene, draw
from training.correction import Correction, Shown
from training.export import take_weights
from training.losses import Loss
from training.network import RestorerNetwork

_RATE: Final = 5e-4  # of Adam, at its highest
_RATE_FROM_START: Final = 2e-4  # where it begins with what was learned before


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
        course: steps, curve, checkpoint.
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
        self._asked, self._device = asked, chosen_device(device)
        torch.manual_seed(asked.seed)
        network = RestorerNetwork()
        if start is not None:
            take_weights(start, network)
        rate = _RATE if start is None else _RATE_FROM_START
        self._correction = Correction(
            asked, network, folder, "a restorer", self._device, loss or Loss(), rate, resume
        )
        self.course, self.average = self._correction.course, self._correction.average

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
        return self._correction.run(lambda step: self._shown(scenes, step), tell, seconds)

    def _shown(self, scenes: Sequence[Scene], step: int) -> Shown:
        batch = draw(scenes, self._asked.seed, step, self._asked.batch)
        coded, real, conditions, grain = (
            torch.from_numpy(part).to(self._device)
            for part in (batch.coded, batch.sources, batch.conditions, batch.grain)
        )
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._asked.bfloat16):
            made = self._correction.network(coded, conditions, grain)
        return Shown(made, coded, real)


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
