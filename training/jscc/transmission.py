"""A batch of crops over noise, through both networks: what a step of training and its loss look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from semvid.images.jscc.levels import CHANNELS, LEVELS, choose_levels
from training.jscc.network import SENT, JsccNetwork, channels_of


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
