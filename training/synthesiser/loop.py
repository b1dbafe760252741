"""Training of the synthesiser: with what it begins, and what it looks at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from training.correction import Correction, Shown
from training.loop import chosen_device
from training.losses import Loss
from training.synthesiser.crops import draw
from training.synthesiser.drawing import Drawing
from training.synthesiser.gaps import Gap
from training.synthesiser.network import SynthesiserNetwork

_RATE: Final = 1e-3  # of Adam, at its highest


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked to do; one that is resumed is asked the same.

    Attributes:
        steps: in all; the learning rate falls to nothing towards them.
        seed: of weights, crops, gaps and the split.
        batch: crops of one step.
        features, lpips: names of the files of networks in the loss; empty: none.
    """

    steps: int
    seed: int = 0
    batch: int = 4
    features: str = ""
    lpips: str = ""


class Training:
    """One run. Make it, `run` it, and take `average`.

    Args:
        asked: what to do.
        folder: for checkpoint and curve; it is there.
        device: ``auto``, ``cpu`` or ``cuda``.
        loss: what is blamed.
        resume: go on from the checkpoint in ``folder``.

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
    ) -> None:
        self._asked, self._device = asked, chosen_device(device)
        torch.manual_seed(asked.seed)
        self._correction = Correction(
            asked, SynthesiserNetwork(), folder, "a synthesiser", self._device, loss or Loss(), _RATE, resume
        )
        self.course, self.average = self._correction.course, self._correction.average

    def run(
        self,
        scenes: Sequence[Sequence[Gap]],
        tell: Callable[[str], None] = lambda _: None,
        seconds: float = math.inf,
    ) -> bool:
        """Trains until all steps are done or ``seconds`` have passed; whether all are done.

        Args:
            scenes: the gaps of each source that may be learned from.
            tell: given a line now and then.
            seconds: of this call, at most.
        """
        return self._correction.run(lambda step: self._shown(scenes, step), tell, seconds)

    def _shown(self, scenes: Sequence[Sequence[Gap]], step: int) -> Shown:
        drawing = Drawing(draw(scenes, self._asked.seed, step, self._asked.batch), self._device)
        made = drawing.synthesised(self._correction.network)
        with torch.no_grad():
            bridged = drawing.bridged()
        return Shown(made, bridged, drawing.real)
