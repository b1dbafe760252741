"""From the light of HDR to what SDR can show.

The curve is the *reference white tone mapping operator* of SMPTE ST 2094-50, which Chromium applies to
HDR video on an SDR screen. Diffuse white, 203 cd/m2, goes to half the light of SDR's white (to more where
the peak of the source is below 1000 cd/m2) and everything darker with it, in proportion; from there a
parabola bends up to the peak, which becomes SDR's white. It is applied to the largest of red, green and
blue, and the others go with it, so that hues stay.
"""

import numpy as np
from numpy.typing import NDArray

from semvid.video.transfer import HLG_PEAK, REFERENCE_WHITE

_BEND = 0.65  # where between the line and the corner the parabola's middle point lies


def tone_map(light: NDArray[np.float64], peak: float) -> NDArray[np.float64]:
    """Light of HDR (1 is diffuse white) to that of SDR (1 is white).

    Args:
        light: the largest component, in the primaries of BT.2020.
        peak: the lightest of the source, in the same unit; nothing is compressed where it is 1 or less.
    """
    if peak <= 1:
        return np.minimum(light, 1.0)
    white = 1 - 0.5 * min(np.log2(peak) / np.log2(HLG_PEAK / REFERENCE_WHITE), 1.0)
    # a quadratic Bezier curve from (1, white) over a middle point to (peak, 1)
    x1, y1 = 1 - _BEND + _BEND / white, (1 - _BEND) * white + _BEND
    ax, bx = 1 - 2 * x1 + peak, 2 * (x1 - 1)
    ay, by = white - 2 * y1 + 1, 2 * (y1 - white)
    x = np.clip(light, 1.0, peak)
    t = 2 * (x - 1) / (bx + np.sqrt(bx * bx + 4 * ax * (x - 1)))  # stable where ax is next to nothing
    return np.asarray(np.where(light <= 1, white * light, ay * t * t + by * t + white))
