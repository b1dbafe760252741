"""Training of the learned code: steps over noise, a running average of the weights, checkpoints, a curve."""

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

from semvid.errors import InvalidInput
from semvid.images.jscc.levels import CHANNELS, LEVELS, choose_levels
from semvid.service.files import replacing, write_atomically
from training.jscc.crops import Pictures, draw
from training.jscc.network import SENT, JsccNetwork, Order, channels_of
from training.jscc.start import Start, start_from
from training.loop import CHECKPOINT, CURVE, chosen_device

COLUMNS: Final = ("step", "psnr_db", "symbols", "snr_db", "head", "seconds")

_RATE: Final = 3e-4  # of Adam, at its highest
_LINEAR: Final = 0.1  # of it for the linear maps, which begin where they are nearly right
_RISE: Final = 30  # steps
_FLAT: Final = 0.4  # of the steps, before the rate falls
_STEEPEST: Final = 1.0  # norm of a gradient
_AVERAGED: Final = 0.99  # of the running average, a step
_CURVE_EVERY: Final = 50  # steps
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
        material: Sequence[Pictures],
        device: str = "auto",
        resume: bool = False,
    ) -> None:
        self._asked, self._folder, self._device = asked, folder, chosen_device(device)
        self._material = material
        torch.manual_seed(asked.seed)
        state = self._read() if resume else None
        if state is None:
            start = start_from(draw(material, [asked.seed, _START_STREAM], _START_CROPS))
        else:
            start = Start.nowhere(_order_of(state))
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
        self.step, self.seconds = 0, 0.0
        self._rows: list[list[float]] = []
        self._recent: list[list[float]] = []
        if state is not None:
            self._take(state)

    def run(self, tell: Callable[[str], None] = lambda _: None, seconds: float = math.inf) -> bool:
        """Trains until all steps are done or ``seconds`` have passed; whether all are done."""
        begun, spent = time.monotonic(), self.seconds
        while self.step < self._asked.steps and time.monotonic() - begun < seconds:
            self._recent.append(self._step())
            self.step += 1
            self.seconds = spent + time.monotonic() - begun
            if not self.step % _CURVE_EVERY or self.step == self._asked.steps:
                means = [float(mean) for mean in np.mean(self._recent, axis=0)]
                self._rows.append([self.step, *means, self.seconds])
                self._recent.clear()
                told = ", ".join(f"{name} {value:.4g}" for name, value in self.curve[-1].items())
                tell(f"{told} (of {self._asked.steps} steps)")
            if not self.step % _CHECKPOINT_EVERY:
                self._save()
        self._save()
        return self.step == self._asked.steps

    @property
    def curve(self) -> list[dict[str, float]]:
        """Means over some steps each, by the names of `COLUMNS`."""
        return [dict(zip(COLUMNS, row, strict=True)) for row in self._rows]

    def _step(self) -> list[float]:
        asked, step = self._asked, self.step
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
        with torch.no_grad():
            kept = min(_AVERAGED, (1 + step) / (10 + step))
            for ours, theirs in zip(self.average.parameters(), self._network.parameters(), strict=True):
                ours.lerp_(theirs, 1 - kept)
        return [-10 * math.log10(float(mse.detach())), spent, snr_db, float(head.detach())]

    def _share(self, step: int) -> float:
        """Of the highest learning rate: it rises, stays, and falls to nothing."""
        done = step / self._asked.steps
        falling = max(0.0, (done - _FLAT) / (1 - _FLAT))
        return min(1.0, (step + 1) / _RISE) * (0.5 + 0.5 * math.cos(math.pi * falling))

    def _save(self) -> None:
        state = {
            "asked": asdict(self._asked),
            "order": [self._order.component.tolist(), self._order.depth.tolist()],
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

    def _read(self) -> dict[str, Any]:
        path = self._folder / CHECKPOINT
        if not path.is_file():
            raise InvalidInput(f"training: there is no {path} to resume; leave --resume away")
        try:
            state: dict[str, Any] = torch.load(path, map_location=self._device, weights_only=True)
            asked = Asked(**state["asked"])
            _order_of(state)
        except (RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise InvalidInput(f"training: {path} is no checkpoint of a learned code; remove it") from error
        if asked != self._asked:
            raise InvalidInput(
                f"training: {path} belongs to a run of {asked}, and this one is {self._asked}; ask the same, "
                "or begin anew without --resume"
            )
        return state

    def _take(self, state: dict[str, Any]) -> None:
        try:
            self._network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds = state["step"], state["seconds"]
            self._rows, self._recent = state["rows"], state["recent"]
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"training: {self._folder / CHECKPOINT} is no checkpoint of this learned code; remove it"
            ) from error


def _order_of(state: dict[str, Any]) -> Order:
    return Order(*(np.array(one, np.int64) for one in state["order"]))


def across(
    network: JsccNetwork,
    crops: np.ndarray[Any, np.dtype[np.float32]],
    planned_db: float,
    snr_db: float,
    symbols: float,
    rng: np.random.Generator,
    wander: float = 0.0,
    spend_all: bool = False,
) -> tuple[Tensor, Tensor, float]:
    """Crops, as one picture, over AWGN.

    Args:
        crops: float32 [n, 3, h, w], RGB 0..1.
        planned_db, snr_db: Es/N0 that the encoder was told, and the true one.
        symbols: complex symbols of a patch, on average and at most.
        rng: of noise and wandering.
        wander: share of patches that get a level more or less than they should.
        spend_all: see `choose_levels`.

    Returns:
        Mean squared errors of patches [n, h / 16, w / 16], the head's mean squared error of their logarithms,
        symbols spent on a patch.
    """
    device = next(network.parameters()).device
    real = torch.from_numpy(crops).to(device, memory_format=torch.channels_last)
    planned = torch.full((1, 1), (planned_db - 10) / 10, device=device)
    components, expected = network.analysis(real, planned)
    tables = network.tables.log_gain(planned), network.tables.log_rate(planned)
    n, _, h, w = components.shape
    flat = expected.detach().permute(0, 2, 3, 1).reshape(-1, len(LEVELS)).double().exp().cpu().numpy()
    chosen = choose_levels(flat, symbols * len(flat), spend_all=spend_all).astype(np.int64)
    steps = rng.integers(0, 2, len(chosen)) * 2 - 1
    chosen = np.where(rng.random(len(chosen)) < wander, np.clip(chosen + steps, 0, len(LEVELS) - 1), chosen)
    if not chosen.any():
        chosen[:] = 1  # an empty picture has no power to be normalised by
    levels = torch.from_numpy(chosen.reshape(n, h, w)).to(device)
    onehot = nn.functional.one_hot(levels, len(LEVELS)).permute(0, 3, 1, 2).float()
    gain, rate = (torch.exp(table)[levels].permute(0, 3, 1, 2) for table in tables)
    sent = torch.from_numpy(SENT).to(device)[levels].permute(0, 3, 1, 2)
    scaled = gain * channels_of(components, network.order, rate) * sent
    # unit mean power of complex symbols; the receiver is told by what they were divided
    no = (scaled**2).sum() / sent.sum() * 10 ** (-snr_db / 10)
    drawn = rng.standard_normal((n, CHANNELS, h, w), np.float32)
    received = (scaled + torch.sqrt(no) * torch.from_numpy(drawn).to(device)) * sent
    log_no = torch.log(no).expand(n, CHANNELS, h, w)
    shown = network.synthesis(received, onehot, log_no, *tables, network.synthesis.log_power(planned))
    error = ((shown - real) ** 2).mean(1, keepdim=True)
    error = nn.functional.avg_pool2d(error, 16)[:, 0]
    guess = expected.gather(1, levels[:, None])[:, 0]
    head = (guess - torch.log(error.detach() + 1e-6)) ** 2
    return error, head.mean(), float(np.mean(np.array(LEVELS)[chosen]))
