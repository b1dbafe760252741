"""What a picture is, everywhere in this project."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""RGB, uint8 [height, width, 3]."""
