"""Writing an ONNX graph as one writes arithmetic: each call adds a node and gives the name of its result."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

OPSET: Final = 17  # the first with everything that is used here; CUDA kernels for it are old enough
_IR_VERSION: Final = 9

Operand = str | float | NDArray[Any]


class OnnxGraph:
    """A graph in the making. ``graph("Add", x, 1.0)`` adds a node; numbers and arrays become constants.

    Integers in arrays become int64, everything else float32. Equal constants are kept once.

    Raises:
        ImportError: the package ``onnx`` is not installed.
    """

    def __init__(self) -> None:
        import onnx
        from onnx import helper, numpy_helper

        self._onnx, self._helper, self._from_array = onnx, helper, numpy_helper.from_array
        self.FLOAT: int = onnx.TensorProto.FLOAT
        self._nodes: list[Any] = []
        self._constants: dict[tuple[bytes, tuple[int, ...], str], Any] = {}

    def __call__(self, operator: str, *operands: Operand, **attributes: Any) -> str:
        """The name of what ``operator`` makes of ``operands``; strings are names, ``""`` leaves one out."""
        result = f"{operator}_{len(self._nodes)}"
        inputs = [operand if isinstance(operand, str) else self._constant(operand) for operand in operands]
        self._nodes.append(self._helper.make_node(operator, inputs, [result], **attributes))
        return result

    def halved(self, value: NDArray[Any]) -> str:
        """A constant that is kept in 16 bits and is float32 wherever it goes."""
        array = np.asarray(value, np.float16)
        name = f"halved_{len(self._constants)}"
        self._constants[array.tobytes(), array.shape, name] = self._from_array(array, name)
        return self("Cast", name, to=self.FLOAT)

    def slice(self, x: str, first: int, end: int, axis: int = 1) -> str:
        """``x[first:end]`` along ``axis``."""
        return self("Slice", x, *(np.array([number]) for number in (first, end, axis)))

    def resize(self, x: str, factor: float) -> str:
        """``x`` [n, channels, height, width] with sides times ``factor``, bilinear, without a low-pass."""
        scales = np.array([1, 1, factor, factor], np.float32)
        return self("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")

    def count(self, length: str) -> str:
        """0, 1, .. up to ``length``, an int64 [1], as float32."""
        numbers = self("Range", np.array(0), self("Squeeze", length), np.array(1))
        return self("Cast", numbers, to=self.FLOAT)

    def name_output(self, name: str, x: str) -> None:
        """Gives ``x`` the name of an output."""
        self._nodes.append(self._helper.make_node("Identity", [x], [name]))

    def model(
        self, name: str, inputs: dict[str, tuple[int | str, ...]], outputs: dict[str, tuple[int | str, ...]]
    ) -> bytes:
        """The graph, checked and serialised; ``inputs`` and ``outputs`` are float32, by name with shapes."""
        taken, given = (
            [self._helper.make_tensor_value_info(one, self.FLOAT, shape) for one, shape in ends.items()]
            for ends in (inputs, outputs)
        )
        graph = self._helper.make_graph(self._nodes, name, taken, given, list(self._constants.values()))
        model = self._helper.make_model(
            graph,
            opset_imports=[self._helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
            producer_name="semvid",
        )
        self._onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def _constant(self, value: float | NDArray[Any]) -> str:
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        key = (array.tobytes(), array.shape, array.dtype.str)
        if key not in self._constants:
            self._constants[key] = self._from_array(array, f"constant_{len(self._constants)}")
        return str(self._constants[key].name)
