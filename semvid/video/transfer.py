"""Transfer functions: what a sample value means in light.

SDR is light as a screen shows it, and the screen is that of sRGB, as in browsers: the functions of BT.709,
BT.601, SMPTE 240M, BT.2020 and sRGB all count as its, so that nothing changes where nothing must. Light is
linear; 1 is diffuse white, 203 cd/m2 in HDR (ITU-R BT.2408-7, table 1).
"""

import numpy as np
from numpy.typing import NDArray

from semvid.video.colour_tags import HLG, PQ

REFERENCE_WHITE = 203.0  # cd/m2
HLG_PEAK = 1000.0  # cd/m2 of the reference display
HLG_GAMMA = 1.2  # its system gamma at that peak (ITU-R BT.2100-2, table 5, note 5f)
SCREEN = frozenset(
    {1, 6, 7, 11, 12, 13, 14, 15}
)  # transfer characteristics of H.273 that a screen shows as they are


def to_light(transfer: int, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sample values 0..1 to linear light; of HLG to the light of the scene 0..1, before its OOTF."""
    match transfer:
        case _ if transfer in SCREEN:
            return _srgb_to_light(value)
        case 4:
            return value**2.2
        case 5:
            return value**2.8
        case 8:
            return value
        case 9:
            return np.where(value > 0, 10.0 ** (2.0 * (value - 1)), 0.0)
        case 10:
            return np.where(value > 0, 10.0 ** (2.5 * (value - 1)), 0.0)
        case 17:
            return 52.37 / 48 * value**2.6
        case _ if transfer == PQ:
            return _pq_to_light(value)
        case _ if transfer == HLG:
            return _hlg_to_scene(value)
    raise ValueError(f"no transfer function has the number {transfer}")


def from_light(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light 0..1 to what an sRGB screen is to be sent (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def _srgb_to_light(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _pq_to_light(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084 / ITU-R BT.2100-2, table 4."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = value ** (1 / m2)
    return 10_000 / REFERENCE_WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _hlg_to_scene(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse OETF of ITU-R BT.2100-2, table 5."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
