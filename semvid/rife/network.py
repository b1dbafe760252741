"""Runs RIFE's network on a CPU or a GPU through ONNX Runtime."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.rife.graph import STEP

PIXELS: Final = 1280 * 720
"""Of a picture that the network looks at, at most; of larger ones it looks at smaller copies."""

_INPUTS: Final = ["end", "start", "time"]
_OUTPUTS: Final = ["flow", "mask"]
_CUDA: Final = "CUDAExecutionProvider"
_CPU: Final = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where a picture between two keyframes comes from.

    Attributes:
        to_start, to_end: float32 [height, width, 2], pixels (x, y) from the picture in between to a keyframe.
        share_of_start: float32 [height, width], 0..1; the rest comes from the end.
    """

    to_start: NDArray[np.float32]
    to_end: NDArray[np.float32]
    share_of_start: NDArray[np.float32]


class RifeNetwork:
    """The network, loaded once; `motion` may be called from several threads.

    Args:
        model: serialised ONNX model as `semvid.rife.graph.rife_model` makes it.
        device: ``auto`` (the first GPU that ONNX Runtime can use, else the CPU), ``cpu``, ``cuda`` or
            ``cuda:N``.
        threads: of the CPU, shared by all callers; None: as many as this process may use.
        pixels: of a picture that the network looks at, at most; see `PIXELS`.

    Raises:
        MissingComponent: ONNX Runtime is not installed, or it is a build without CUDA and a GPU is asked for.
        InvalidInput: no such device, or not a model of RIFE.
    """

    def __init__(
        self, model: bytes, device: str = "auto", threads: int | None = None, pixels: int = PIXELS
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingComponent(
                "rife: ONNX Runtime, which runs it, is not installed; pip install onnxruntime"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.use_deterministic_compute = True
        # threads that wait for work would take the cores from the rest of the receiver
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = providers_of(device, onnxruntime.get_available_providers())
        try:
            self._session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        except Exception as error:  # ONNX Runtime has a class for each of a dozen reasons
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InvalidInput(
                f"rife: ONNX Runtime does not take the model on device {device}: {reason}; make it anew with "
                "`semvid models get rife`, or run it on the CPU (SEMVID_RECEIVER_DECODER_DEVICE=cpu)"
            ) from error
        inputs = sorted(one.name for one in self._session.get_inputs())
        outputs = sorted(one.name for one in self._session.get_outputs())
        if (inputs, outputs) != (_INPUTS, _OUTPUTS):
            raise InvalidInput(
                f"rife: the model turns {', '.join(inputs)} into {', '.join(outputs)}, which is not RIFE as "
                f"semvid makes it ({', '.join(_INPUTS)} into {', '.join(_OUTPUTS)}); give its flownet.pkl"
            )
        self._pixels = pixels
        self.device = "cuda" if _CUDA in self._session.get_providers() else "cpu"

    def seen(self, picture: Picture) -> NDArray[np.float32]:
        """A picture as the network takes it: float32 [1, 3, h, w], 0..1.

        No larger than it may be, and with edges that are repeated to the right and below up to multiples of
        `STEP`.
        """
        height, width = self._looked_at(picture.shape)
        picture = at_size(picture, (width, height))
        padded = cv2.copyMakeBorder(picture, 0, -height % STEP, 0, -width % STEP, cv2.BORDER_REPLICATE)
        return np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32) / np.float32(255)

    def motion(
        self, start: NDArray[np.float32], end: NDArray[np.float32], t: float, size: tuple[int, int]
    ) -> Motion:
        """The motion at ``t``.

        Args:
            start, end: the keyframes, from `seen`.
            t: 0 (start) .. 1 (end).
            size: width and height of the pictures, pixels.
        """
        feeds = {"start": start, "end": end, "time": np.array([t], np.float32)}
        flow, mask = self._session.run(_OUTPUTS, feeds)
        height, width = self._looked_at((size[1], size[0]))
        ways = np.ascontiguousarray(flow[0, :, :height, :width].transpose(1, 2, 0))
        share = np.ascontiguousarray(mask[0, 0, :height, :width])
        if (width, height) != size:
            grown = np.array([size[0] / width, size[1] / height] * 2, np.float32)
            ways = np.asarray(cv2.resize(ways * grown, size), np.float32)
            share = np.asarray(cv2.resize(share, size), np.float32)
        return Motion(np.ascontiguousarray(ways[..., :2]), np.ascontiguousarray(ways[..., 2:]), share)

    def _looked_at(self, shape: Sequence[int]) -> tuple[int, int]:
        """Height and width of what the network looks at in a picture of ``shape``."""
        height, width = shape[:2]
        factor = math.sqrt(self._pixels / (height * width))
        if factor >= 1:
            return height, width
        return max(1, round(height * factor)), max(1, round(width * factor))


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def providers_of(device: str, available: Sequence[str]) -> list[Any]:
    """ONNX Runtime's providers for ``device``, best first.

    Args:
        device: see `RifeNetwork`.
        available: what the installed build of ONNX Runtime has.

    Raises:
        InvalidInput: no such device.
        MissingComponent: a GPU is asked for and the build has no CUDA.
    """
    if device == "cpu" or (device == "auto" and _CUDA not in available):
        return [_CPU]
    found = re.fullmatch(r"(?:auto|cuda(?::(\d+))?)", device)
    if found is None:
        raise InvalidInput(f"rife: there is no device {device!r}; choose auto, cpu, cuda or cuda:N")
    if _CUDA not in available:
        raise MissingComponent(
            f"rife: device {device} needs a build of ONNX Runtime with CUDA, and the one installed has "
            f"{', '.join(available)}; pip uninstall onnxruntime, then pip install onnxruntime-gpu"
        )
    # no search through kernels for each size of picture: its winner would depend on the moment
    settings = {"device_id": int(found[1] or 0), "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": 0}
    cuda = (_CUDA, settings)
    return [cuda, _CPU]
