r"""The tapped delay lines TDL-A to TDL-E of 3GPP TR 38.901 clause 7.7.2: fading in time and in frequency.

.. math:: h(t, \tau) = \sum_i \sqrt{P_i}\, g_i(t)\, \delta(\tau - \tau_i)

with the delays :math:`\tau_i` of the tables times ``delay_spread_ns``, their powers made to sum to 1, and
independent :math:`g_i` of Clarke's spectrum (`channel.doppler`). The first tap of TDL-D and TDL-E has a
direct path beside, Doppler shifted by 0.7 ``doppler_hz``: their K factors, 13.3 and 22 dB, are the tables'
own.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

from channel.doppler import direct, scattered
from channel.gaussian import amplitude_of_db
from channel.instants import Instants
from channel.model import ChannelModel, Fading, Path, as_gains
from channel.models.jakes import LOS_SHIFT
from channel.phasor import Doubles, Parts


class Profile(NamedTuple):
    """Power delay profile.

    Attributes:
        taps: delay over the delay spread, and power in dB.
        direct_db: power of the direct path in dB, at delay 0; None: there is none.
    """

    taps: tuple[tuple[float, float], ...]
    direct_db: float | None = None


PROFILES: dict[str, Profile] = {
    # Tables 7.7.2-1 to 7.7.2-5
    "tdl-a": Profile((
        (0.0000, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.4610, -6.0), (0.5375, -8.2),
        (0.6708, -9.9), (0.5750, -10.5), (0.7618, -7.5), (1.5375, -15.9), (1.8978, -6.6), (2.2242, -16.7),
        (2.1718, -12.4), (2.4942, -15.2), (2.5119, -10.8), (3.0582, -11.3), (4.0810, -12.7), (4.4579, -16.2),
        (4.5695, -18.3), (4.7966, -18.9), (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
    )),
    "tdl-b": Profile((
        (0.0000, 0.0), (0.1072, -2.2), (0.2155, -4.0), (0.2095, -3.2), (0.2870, -9.8), (0.2986, -1.2),
        (0.3752, -3.4), (0.5055, -5.2), (0.3681, -7.6), (0.3697, -3.0), (0.5700, -8.9), (0.5283, -9.0),
        (1.1021, -4.8), (1.2756, -5.7), (1.5474, -7.5), (1.7842, -1.9), (2.0169, -7.6), (2.8294, -12.2),
        (3.0219, -9.8), (3.6187, -11.4), (4.1067, -14.9), (4.2790, -9.2), (4.7834, -11.3),
    )),
    "tdl-c": Profile((
        (0.0000, -4.4), (0.2099, -1.2), (0.2219, -3.5), (0.2329, -5.2), (0.2176, -2.5), (0.6366, 0.0),
        (0.6448, -2.2), (0.6560, -3.9), (0.6584, -7.4), (0.7935, -7.1), (0.8213, -10.7), (0.9336, -11.1),
        (1.2285, -5.1), (1.3083, -6.8), (2.1704, -8.7), (2.7105, -13.2), (4.2589, -13.9), (4.6003, -13.9),
        (5.4902, -15.8), (5.6077, -17.1), (6.3065, -16.0), (6.6374, -15.7), (7.0427, -21.6), (8.6523, -22.8),
    )),
    "tdl-d": Profile((
        (0.0000, -13.5), (0.0350, -18.8), (0.6120, -21.0), (1.3630, -22.8), (1.4050, -17.9), (1.8040, -20.1),
        (2.5960, -21.9), (1.7750, -22.9), (4.0420, -27.8), (7.9370, -23.6), (9.4240, -24.8), (9.7080, -30.0),
        (12.5250, -27.7),
    ), direct_db=-0.2),
    "tdl-e": Profile((
        (0.0000, -22.03), (0.5133, -15.8), (0.5440, -18.1), (0.5630, -19.8), (0.5440, -22.9), (0.7112, -22.4),
        (1.9092, -18.6), (1.9293, -20.8), (1.9589, -22.6), (2.6426, -22.3), (3.7136, -25.6), (5.4524, -20.2),
        (12.0034, -29.8), (20.6519, -29.2),
    ), direct_db=-0.03),
}  # fmt: skip


class Tap(NamedTuple):
    """Delay over the delay spread; amplitudes of the scattered and of the direct part."""

    delay: float
    scattered: float
    direct: float


@cache
def taps(name: str) -> tuple[Tap, ...]:
    """The taps of a profile, total power 1."""
    profile = PROFILES[name]
    scattered_part = [amplitude_of_db(power_db) for _, power_db in profile.taps]
    direct_part = 0.0 if profile.direct_db is None else amplitude_of_db(profile.direct_db)
    power = direct_part * direct_part
    for amplitude in scattered_part:  # one by one: the order of a sum changes its last bits
        power += amplitude * amplitude
    scale = 1.0 / math.sqrt(power)
    return tuple(
        Tap(delay, amplitude * scale, 0.0 if tap else direct_part * scale)
        for tap, ((delay, _), amplitude) in enumerate(zip(profile.taps, scattered_part, strict=True))
    )


def longest_delay_s(name: str, delay_spread_ns: float) -> float:
    """Delay of the last path, for the names of models that have several; 0 for the others."""
    return max(tap.delay for tap in taps(name)) * delay_spread_ns * 1e-9 if name in PROFILES else 0.0


def tapped_delay_line(name: str, fading: Fading, instants: Instants) -> list[Path]:
    """The paths of a profile of TR 38.901; see the head of this file and `channel.model.ChannelModel`."""
    return [
        Path(
            as_gains(*instants.interpolated(_process(fading, number, tap))),
            tap.delay * fading.delay_spread_ns * 1e-9,
            tap.scattered * tap.scattered + tap.direct * tap.direct,
        )
        for number, tap in enumerate(taps(name))
    ]


def _process(fading: Fading, number: int, tap: Tap) -> Callable[[Doubles], Parts]:
    def process(times_s: Doubles) -> Parts:
        real, imag = scattered(fading.seed, number, fading.doppler_hz, times_s)
        real, imag = real * tap.scattered, imag * tap.scattered
        if tap.direct:
            direct_re, direct_im = direct(fading.seed, number, LOS_SHIFT * fading.doppler_hz, times_s)
            real, imag = real + direct_re * tap.direct, imag + direct_im * tap.direct
        return real, imag

    return process


TDL_MODELS: dict[str, ChannelModel] = {name: partial(tapped_delay_line, name) for name in PROFILES}
