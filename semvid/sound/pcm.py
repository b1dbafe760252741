"""What sound is between coders: int16 samples, 48 000 a second, [samples, channels]."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
SAMPLE_RATE: Final = 48_000  # of everything that is read, decoded and written
LAYOUTS: Final = {1: "mono", 2: "stereo"}


def silence(samples: int, channels: int) -> Pcm:
    """Digital silence, int16 [samples, channels]."""
    return np.zeros((samples, channels), np.int16)


def fitted(pcm: Pcm, samples: int) -> Pcm:
    """``pcm`` cut, or filled up with silence, to so many samples."""
    if len(pcm) >= samples:
        return pcm[:samples]
    return np.concatenate([pcm, silence(samples - len(pcm), pcm.shape[1])])
