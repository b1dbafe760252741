"""Similarity of what a small image network sees, through LiteRT; the network is the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.types import Picture


class Embedding:
    """Cosine of two pictures' embeddings, -1..1, higher is closer.

    Args:
        path: TensorFlow Lite model with one uint8 RGB input [1, height, width, 3]; its first output,
            flattened, is the embedding, whose zero must be 0 if it is quantised.

    Raises:
        MissingComponent: no LiteRT.
        InvalidInput: no such file, or a model of another kind.
    """

    def __init__(self, path: Path) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingComponent("embedding similarity needs LiteRT: pip install 'semvid[eval]'") from error
        if not path.is_file():
            raise InvalidInput(f"there is no embedding model {path}")
        self._interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        wanted, given = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        shape = tuple(int(side) for side in wanted["shape"])
        zero_point = given["quantization"][1]
        if wanted["dtype"] != np.uint8 or len(shape) != 4 or shape[3] != 3 or zero_point:
            raise InvalidInput(
                f"the embedding model {path} must take uint8 [1, height, width, 3] and give outputs whose "
                f"zero is 0; it takes {np.dtype(wanted['dtype']).name} {shape}, its zero is {zero_point}"
            )
        self._input, self._output, self._size = wanted["index"], given["index"], (shape[2], shape[1])

    def __call__(self, reference: Picture, picture: Picture) -> float:
        """Similarity of two uint8 RGB pictures [height, width, 3]."""
        return float(self.vector(reference) @ self.vector(picture))

    def vector(self, picture: Picture) -> NDArray[np.float32]:
        """The embedding, [dimensions], unit length."""
        small = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._interpreter.set_tensor(self._input, np.asarray(small, np.uint8)[None])
        self._interpreter.invoke()
        vector = self._interpreter.get_tensor(self._output).ravel().astype(np.float32)
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
