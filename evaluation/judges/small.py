"""The small networks of a ``--judges`` folder: MobileNet, RAFT, and the loader of their module.

The folder holds `judges.py` (numpy in, numpy out) and its weights. It serves measurement only; nothing of it
belongs to this repository.
"""

import importlib.util
import sys
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.judge import Facts, Frames
from semvid.errors import MissingComponent

_FLOWS: Final = 4  # a clip


@cache
def load(folder: Path) -> ModuleType:
    """The module `judges` of ``folder``.

    Raises:
        MissingComponent: there is none, or it needs a package that is not installed.
    """
    file = folder / "judges.py"
    spec = importlib.util.spec_from_file_location("semvid_small_judges", file) if file.exists() else None
    if spec is None or spec.loader is None:
        raise MissingComponent(
            f"--judges {folder}: holds no judges.py; name the folder of the small networks"
        )
    for package in ("onnxruntime", "ai_edge_litert"):
        if importlib.util.find_spec(package) is None:
            raise MissingComponent(f"--judges: needs {package}; install it with pip install 'semvid[eval]'")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    # its own loaders take two threads a network; a sweep already runs a process on every core
    vars(module).update(_ort=partial(_onnx_session, folder), _tfl=partial(_tflite_interpreter, folder))
    return module


def _onnx_session(folder: Path, name: str) -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])


def _tflite_interpreter(folder: Path, name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(folder / name), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


class Embedding:
    """What MobileNet makes of each frame: cosine of the embeddings, and how often the best class agrees."""

    measures = ("embedding_cosine", "class_agreement")

    def __init__(self, folder: Path) -> None:
        self._judges = load(folder)

    def look(self, source: Frames) -> list[tuple[NDArray[np.float32], int]]:
        """Unit embedding and best ImageNet class of every frame."""
        return [self._see(picture) for picture in source.pictures]

    def compare(
        self, seen: list[tuple[NDArray[np.float32], int]], _source: Frames, shown: Frames, _facts: Facts
    ) -> dict[str, float]:
        """Mean cosine; share of frames with the class of the source, percent."""
        cosines, same = [], []
        for (embedding, best), picture in zip(seen, shown.pictures, strict=True):
            ours, our_best = self._see(picture)
            cosines.append(float(embedding @ ours))
            same.append(best == our_best)
        return {"embedding_cosine": float(np.mean(cosines)), "class_agreement": 100 * float(np.mean(same))}

    def _see(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], int]:
        return self._judges.embed(picture), int(np.argmax(self._judges.imagenet(picture)))


class Flow:
    """Does what is shown move like the source: end point error of RAFT's flow to the following frame.

    In pixels of the 424x240 grid on which the network works, over at most four frames spread over the judged
    ones: a flow costs more than all other judges together.
    """

    measures = ("flow_epe",)

    def __init__(self, folder: Path) -> None:
        self._judges = load(folder)

    def look(self, source: Frames) -> list[NDArray[np.float32]]:
        """Flow [2, 240, 424] of every judged frame to the next."""
        return self._flows(source)

    def compare(
        self, seen: list[NDArray[np.float32]], _source: Frames, shown: Frames, _facts: Facts
    ) -> dict[str, float]:
        """Mean length of the difference."""
        errors = [
            float(np.mean(np.linalg.norm(a - b, axis=0)))
            for a, b in zip(seen, self._flows(shown), strict=True)
        ]
        return {"flow_epe": float(np.mean(errors))}

    def _flows(self, frames: Frames) -> list[NDArray[np.float32]]:
        picks = np.linspace(0, max(0, len(frames.pictures) - 2), _FLOWS).round().astype(int)
        return [
            np.asarray(self._judges.flow(frames.pictures[i], frames.following[i]), np.float32)
            for i in sorted(set(picks.tolist()))
        ]
