"""LPIPS (Zhang et al., 2018) through ONNX Runtime; the network is the user's."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.types import Picture

_INPUTS: Final = ["a", "b"]


class Lpips:
    """Learned perceptual distance of two pictures, 0 (equal) and up.

    Args:
        path: ONNX model with inputs ``a`` and ``b``, float32 [n, 3, height, width] in -1..1, and one output
            [n]. Which backbone it has decides the scale: the paper's figures are with VGG.

    Raises:
        MissingComponent: no ONNX Runtime.
        InvalidInput: no such file, or a model with other inputs.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingComponent("LPIPS needs ONNX Runtime: pip install 'semvid[eval]'") from error
        if not path.is_file():
            raise InvalidInput(f"there is no LPIPS model {path}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the laboratory runs one process a core
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        names = sorted(one.name for one in self._session.get_inputs())
        if names != _INPUTS:
            raise InvalidInput(f"the LPIPS model {path} must have inputs {_INPUTS}, it has {names}")

    def __call__(self, reference: Picture, picture: Picture) -> float:
        """Distance of two uint8 RGB pictures [height, width, 3] of one shape, sides at least 32.

        Raises:
            ValueError: the pictures differ in shape.
        """
        if reference.shape != picture.shape:
            raise ValueError(f"cannot compare pictures of shapes {reference.shape} and {picture.shape}")
        (distance,) = self._session.run(None, {"a": _planes(reference), "b": _planes(picture)})
        return float(np.ravel(distance)[0])


def _planes(picture: Picture) -> NDArray[np.float32]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None]).astype(np.float32) / 127.5 - 1
