"""Primaries of ITU-T H.273 (table 2) and the way from one set to another, in linear light."""

import numpy as np
from numpy.typing import NDArray

from semvid.video.colour_tags import BT601, BT709, BT2020

_D65, _C, _E, _DCI = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
_SMPTE_C = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
_P3 = (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)
_CHROMATICITIES = {  # x and y of red, green, blue and white
    BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), _C),
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65),
    BT601: _SMPTE_C,
    7: _SMPTE_C,
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    10: ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _E),
    11: (*_P3, _DCI),
    12: (*_P3, _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def to_xyz(primaries: int) -> NDArray[np.float64]:
    """[3, 3]: linear RGB, white at 1, to CIE XYZ with the luminance of white at 1 (SMPTE RP 177)."""
    *rgb, white = (_xyz(x, y) for x, y in _CHROMATICITIES[primaries])
    columns = np.stack(rgb, axis=1)
    return np.asarray(columns * np.linalg.solve(columns, white))


def conversion(source: int, target: int) -> NDArray[np.float64]:
    """[3, 3]: linear RGB of ``source`` to that of ``target``; white stays white (Bradford's adaptation)."""
    white = [_BRADFORD @ to_xyz(primaries).sum(axis=1) for primaries in (source, target)]
    adaptation = np.linalg.solve(_BRADFORD, (white[1] / white[0])[:, None] * _BRADFORD)
    return np.asarray(np.linalg.solve(to_xyz(target), adaptation @ to_xyz(source)))


def luminance(primaries: int) -> NDArray[np.float64]:
    """[3]: what red, green and blue contribute to the luminance of white."""
    return np.asarray(to_xyz(primaries)[1])


def _xyz(x: float, y: float) -> NDArray[np.float64]:
    if not y:  # blue of the XYZ space itself
        return np.array([x, y, 1 - x - y])
    return np.array([x / y, 1.0, (1 - x - y) / y])
