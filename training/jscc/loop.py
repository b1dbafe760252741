"""Training of the learned code: what one step over noise does, and what it measures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from semvid.errors import InvalidInput
from training.course import CHECKPOINT, Course, follow
from training.jscc.crops import Pictures, draw
from training.jscc.network import Order
from training.jscc.start import Start, start_from
from training.jscc.transmission import across
from training.loop import chosen_device

COLUMNS: Final = ("step", "psnr_db", "symbols", "snr_db", "head", "seconds")

_RATE: Final = 3e-4  # of Adam, at its highest
_LINEAR: Final = 0.1  # of it for the linear maps, which begin where they are nearly right
_RISE: Final = 30  # steps
_FLAT: Final = 0.4  # of the steps, before the rate falls
_STEEPEST: Final = 1.0  # norm of a gradient
_AVERAGED: Final = 0.99  # of the running average, a step
_CHECKPOINT_EVERY: Final = 100  # steps
_START_CROPS: Final = 384
_START_STREAM, _CROPS_STREAM, _CHANNEL_STREAM = 0, 1, 2  # keep the draws apart
_SNR_DB: Final = (0.0, 20.0)  # that is planned for
_AROUND_DB: Final = 3.0  # that the true one may lie outside of that range
_UNPLANNED: Final = 0.2  # of the steps: the true SNR is another than the planned one
_SYMBOLS: Final = (8.0, 64.0)  # of a patch on average; CBR .0104 to .083
_WANDER: Final = 0.1  # of the patches: a level up or down, so that the head learns of those too
_HEAD_WEIGHT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked to do; one that is resumed is asked the same.

    Attributes:
        steps: in all; the learning rate falls to nothing towards them.
        seed: of weights, crops, noise and the split.
        batch: crops of one step; together they are one picture, with one budget and one power.
    """

    steps: int
    seed: int = 0
    batch: int = 4


class Training:
    """One run. Make it, `run` it, and take `average`.

    Args:
        asked: what to do.
        folder: for checkpoint and curve; it is there.
        material: that may be learned from.
        device: ``auto``, ``cpu`` or ``cuda``.
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
        material: Sequence[Pictures],
        device: str = "auto",
        resume: bool = False,
    ) -> None:
        self._asked, self._device = asked, chosen_device(device)
        self._material = material
        torch.manual_seed(asked.seed)
        self.course = Course(asked, asked.steps, folder, "a learned code", COLUMNS, _CHECKPOINT_EVERY)
        state = self.course.checkpoint(self._device) if resume else None
        if state is None:
            start = start_from(draw(material, [asked.seed, _START_STREAM], _START_CROPS))
        else:
            start = Start.nowhere(_order_of(state, folder / CHECKPOINT))
        self._order = start.order
        self._network = start.network().to(self._device, memory_format=torch.channels_last)
        self.average = start.network().to(self._device)
        self.average.load_state_dict(self._network.state_dict())
        linear = [self._network.analysis.linear.weight, self._network.synthesis.linear.weight]
        among = {id(one) for one in linear}
        others = [one for one in self._network.parameters() if one.requires_grad and id(one) not in among]
        self._optimiser = torch.optim.Adam(
            [{"params": others, "share": 1.0}, {"params": linear, "share": _LINEAR}], _RATE, betas=(0.9, 0.99)
        )
        self._learning = {"network": self._network, "average": self.average, "optimiser": self._optimiser}
        if state is not None:
            self.course.take(state, self._learning)

    def run(self, tell: Callable[[str], None] = lambda _: None, seconds: float = math.inf) -> bool:
        """Trains until all steps are done or ``seconds`` have passed; whether all are done."""
        order = [self._order.component.tolist(), self._order.depth.tolist()]
        return self.course.go(self._step, self._learning, tell, seconds, {"order": order})

    def _step(self) -> list[float]:
        asked, step = self._asked, self.course.step
        crops = draw(self._material, [asked.seed, _CROPS_STREAM, step], asked.batch)
        rng = np.random.default_rng([asked.seed, _CHANNEL_STREAM, step])
        low, high = _SNR_DB
        planned_db = snr_db = float(rng.uniform(low, high))
        if rng.random() < _UNPLANNED:
            snr_db = float(rng.uniform(low - _AROUND_DB, high + _AROUND_DB))
        symbols = float(np.exp(rng.uniform(*np.log(_SYMBOLS))))
        for group in self._optimiser.param_groups:
            group["lr"] = _RATE * group["share"] * self._share(step)
        error, head, spent = across(self._network, crops, planned_db, snr_db, symbols, rng, _WANDER, True)
        mse = error.mean()
        # one decibel counts alike at every SNR and rate
        loss = torch.log(mse + 1e-6)
        if snr_db == planned_db:  # the head is to expect what was planned for
            loss = loss + _HEAD_WEIGHT * head
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), _STEEPEST)
        self._optimiser.step()
        follow(self.average, self._network, step, _AVERAGED)
        return [-10 * math.log10(float(mse.detach())), spent, snr_db, float(head.detach())]

    def _share(self, step: int) -> float:
        """Of the highest learning rate: it rises, stays, and falls to nothing."""
        done = step / self._asked.steps
        falling = max(0.0, (done - _FLAT) / (1 - _FLAT))
        return min(1.0, (step + 1) / _RISE) * (0.5 + 0.5 * math.cos(math.pi * falling))


def _order_of(state: dict[str, Any], path: Path) -> Order:
    try:
        return Order(*(np.array(one, np.int64) for one in state["order"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"training: {path} is no checkpoint of a learned code; remove it") from error
