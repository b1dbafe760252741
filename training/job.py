"""One call of ``semvid train`` for a network that corrects pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from training.features import Features, Lpips
from training.losses import Loss

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Job(Generic[Asked]):
    """What was typed.

    Attributes:
        videos: files and folders.
        out: folder for the model and everything beside it.
        asked: what is written into the checkpoint.
        device: ``auto``, ``cpu`` or ``cuda``.
        features, lpips: ONNX models in the loss; None: without.
        doubtful: take also sources whose licence their index calls uncertain.
        resume: go on from a checkpoint.
        seconds: of training in this call, at most.
        command: as it was typed, for the card.
    """

    videos: Sequence[Path]
    out: Path
    asked: Asked
    device: str = "auto"
    features: Path | None = None
    lpips: Path | None = None
    doubtful: bool = False
    resume: bool = False
    seconds: float = math.inf
    command: str = ""

    def loss(self) -> Loss:
        """What is blamed.

        Raises:
            InvalidInput, MissingComponent: see `Features` and `Lpips`.
        """
        return Loss(
            None if self.features is None else Features(self.features),
            None if self.lpips is None else Lpips(self.lpips),
        )
