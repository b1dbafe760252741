"""One network in TensorFlow Lite's format, on one core."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent


class Network:
    """Runs it. Not thread-safe.

    Args:
        model: bytes of the file.

    Raises:
        MissingComponent: no interpreter is installed.
        InvalidInput: it is no such model.
    """

    def __init__(self, model: bytes) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingComponent(
                'faces: ai-edge-litert runs their networks and is not installed; pip install "semvid[faces]"'
            ) from error
        try:
            self._interpreter = Interpreter(model_content=model, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise InvalidInput(
                f"faces: their networks cannot be run ({error}); fetch them anew with semvid models get faces"
            ) from error
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        self._outputs: dict[str, int] = {
            output["name"]: output["index"] for output in self._interpreter.get_output_details()
        }

    def run(self, picture: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Its outputs by name, for a float32 [height, width, 3] of its size."""
        self._interpreter.set_tensor(self._input, picture[None].astype(np.float32))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}
