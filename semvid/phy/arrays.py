"""Array types of the physical layer, by the names of the field."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bits: TypeAlias = NDArray[np.uint8]  # one bit an element, 0 or 1
Llrs: TypeAlias = NDArray[np.float32]  # log p(bit = 0) / p(bit = 1)
Symbols: TypeAlias = NDArray[np.complex64]  # complex baseband, unit average power
Indices: TypeAlias = NDArray[np.int32]
Reals: TypeAlias = NDArray[np.float64]

LLR_LIMIT = 100.0  # magnitude at which one observation of a bit counts as certain
