"""An ONNX model from a file, looked at before it is run: what is common to our small networks of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent

MAX_BYTES: Final = 64 * 2**20


class OnnxModel:
    """A network, loaded once; `run` may be called from several threads.

    Args:
        path: of the file.
        what: it is, for messages, such as ``restorer``.
        command: that makes one.
        inputs, outputs: names that it must have.
        threads: of the CPU, for each call.

    Attributes:
        name: of the file.
        digest: of the file, see `digest_of`.

    Raises:
        MissingComponent: ONNX Runtime is not installed, or there is no such file.
        InvalidInput: the file is no such model.
    """

    def __init__(
        self,
        path: Path,
        what: str,
        command: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        threads: int = 1,
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingComponent(
                f"{what}: ONNX Runtime, which runs it, is not installed; pip install onnxruntime"
            ) from error
        path = path.expanduser()
        self.name, self._outputs = path.name, list(outputs)
        model = read_model(path, what, command)
        self.digest = digest_of(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.use_deterministic_compute = True
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has a class for each of a dozen reasons
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InvalidInput(
                f"{what}: ONNX Runtime does not take {path}: {reason}; make one with: {command}"
            ) from error
        taken = sorted(one.name for one in self._session.get_inputs())
        given = [one.name for one in self._session.get_outputs()]
        if taken != sorted(inputs) or given != self._outputs:
            raise InvalidInput(
                f"{what}: {path} turns {', '.join(taken)} into {', '.join(given)}, which is no {what} "
                f"({', '.join(inputs)} into {', '.join(outputs)}); make one with: {command}"
            )

    def run(self, feeds: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Its outputs, in order, for its inputs by name."""
        made: list[NDArray[np.float32]] = self._session.run(self._outputs, dict(feeds))
        return made


def read_model(path: Path, what: str, command: str) -> bytes:
    """A file as large as such networks are; nothing runs it yet.

    Args:
        path, what, command: see `OnnxModel`.

    Raises:
        MissingComponent: there is no such file.
        InvalidInput: it is too large to be one.
    """
    if not path.is_file():
        raise MissingComponent(f"{what}: there is no model {path}; make one with: {command}")
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{what}: {path} has more than {MAX_BYTES} bytes; is it a {what}?")
    return path.read_bytes()


def digest_of(*models: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of one model, or of some that belong together, in order."""
    return hashlib.sha256(b"".join(models)).hexdigest()[:16]
