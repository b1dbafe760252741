"""The channel models, one file each.

A model says by what complex gain each symbol is multiplied; the noise is the same for all (`channel.noise`).
How to add one: docs/adding-a-channel-model.md.
"""

from channel.model import ChannelModel
from channel.models.awgn import awgn
from channel.models.rayleigh import rayleigh
from channel.models.rician import rician

MODELS: dict[str, ChannelModel] = {"awgn": awgn, "rayleigh": rayleigh, "rician": rician}
