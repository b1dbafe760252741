"""The channel models, one file each.

A model says by what complex gain each symbol is multiplied; the noise is the same for all (`channel.noise`).
How to add one: docs/adding-a-channel-model.md.
"""

from __future__ import annotations

from collections.abc import Callable

from channel.model import ChannelModel, Fading
from channel.models.awgn import Awgn
from channel.models.rayleigh import Rayleigh
from channel.models.rician import Rician

MODELS: dict[str, Callable[[Fading], ChannelModel]] = {
    "awgn": Awgn,
    "rayleigh": Rayleigh,
    "rician": Rician,
}
