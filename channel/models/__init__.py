"""The models of fading, one file each.

A model says over which paths, with what complex gains, symbols arrive; noise and oscillators are the same for
all (`channel.noise`). How to add one: docs/adding-a-channel-model.md.
"""

from channel.model import ChannelModel
from channel.models.awgn import awgn
from channel.models.jakes import rayleigh_jakes, rician_jakes
from channel.models.rayleigh import rayleigh
from channel.models.rician import rician
from channel.models.tdl import TDL_MODELS

MODELS: dict[str, ChannelModel] = {
    "awgn": awgn,
    "rayleigh": rayleigh,
    "rician": rician,
    "rayleigh-jakes": rayleigh_jakes,
    "rician-jakes": rician_jakes,
    **TDL_MODELS,
}
