"""Things in a picture, by name and place: YOLOX-nano, which knows the eighty classes of COCO.

It runs on ONNX Runtime, in 15 to 40 ms a picture on one core, whatever its size. `yolox_nano.md` beside the
model says where it comes from. Z. Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.resize import at_size
from semvid.images.types import Picture

SHIPPED: Final = Path(__file__).with_name("yolox_nano.onnx")
LEAST_SCORE: Final = 0.3
"""Of a thing that is reported, 0..1."""
NAMES: Final = tuple(Path(__file__).with_name("coco_classes.txt").read_text(encoding="utf-8").splitlines())
"""COCO's classes in the order of the network's outputs."""

_SIDE: Final = 416  # pixels, of the square that the network looks at
_GREY: Final = 114  # level of what the picture leaves of the square
_STRIDES: Final = (8, 16, 32)  # pixels between the places of each output grid
_FAINTEST: Final = np.float32(1e-6)  # length of traits that are brought to unit length
_SAME: Final = 0.45  # intersection over union from which two finds of a class are one thing


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that was found.

    Attributes:
        name: its class, one of `NAMES`.
        score: confidence, 0..1.
        left, top, right, bottom: of its box, 0..1 of the picture's width and height.
    """

    name: str
    score: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """Share of the picture, 0..1."""
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What the network makes of a picture.

    Attributes:
        things: that it found, best first.
        traits: float32 [rows, columns, 256], what its last layer before the search for things says of each
            part (32 of the 416 pixels of the longer side), of unit length each: what looks like the same
            kind of thing has like traits.
    """

    things: tuple[Thing, ...]
    traits: NDArray[np.float32]


class Detector:
    """The network; loaded at the first call, after which several threads may call it.

    Args:
        path: of the ONNX model.
        threads: of the CPU, for each call.
        least_score: of what is reported, 0..1.
    """

    def __init__(self, path: Path = SHIPPED, threads: int = 1, least_score: float = LEAST_SCORE) -> None:
        self._path, self._threads, self._least = path, threads, least_score

    def __call__(self, picture: Picture) -> tuple[Thing, ...]:
        """What a picture (uint8 RGB [height, width, 3], any size) shows, best first.

        Raises:
            MissingComponent, InvalidInput: see `look`.
        """
        return self.look(picture).things

    def look(self, picture: Picture) -> Sight:
        """What a picture (uint8 RGB [height, width, 3], any size) shows, and how it looks part by part.

        Raises:
            MissingComponent: ONNX Runtime is not installed, or the installation lacks the model.
            InvalidInput: the array is no such picture.
        """
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
            raise InvalidInput(
                f"a picture must be uint8 [height, width, 3], got {picture.dtype} {picture.shape}"
            )
        square, size = _letterboxed(picture)
        raw, traits = self._session.run(["output", "traits"], {"images": square})
        columns, rows = (max(1, round(side / _STRIDES[-1])) for side in size)
        filled = traits[0].transpose(1, 2, 0)[:rows, :columns]
        length = np.linalg.norm(filled, axis=2, keepdims=True)
        return Sight(_things(raw[0], size, self._least), filled / np.maximum(length, _FAINTEST))

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingComponent(
                "detector: ONNX Runtime, which runs it, is not installed; pip install onnxruntime"
            ) from error
        if not self._path.is_file():
            raise MissingComponent(
                f"detector: this installation lacks {self._path}; pip install --force-reinstall semvid"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.use_deterministic_compute = True
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            self._path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )


@lru_cache(maxsize=1)
def shipped() -> Detector:
    """The one that comes with semvid; its network is loaded once per process."""
    return Detector()


def _letterboxed(picture: Picture) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """What goes in, float32 [1, 3, side, side], and the (width, height) of it that the picture fills."""
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = np.full((_SIDE, _SIDE, 3), _GREY, np.float32)
    square[: size[1], : size[0]] = at_size(picture, size, cv2.INTER_LINEAR)[..., ::-1]
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None]), size


def _things(raw: NDArray[np.float32], size: tuple[int, int], least: float) -> tuple[Thing, ...]:
    """From offsets, logarithms of sizes, objectness and class scores of every place of every grid."""
    scores = raw[:, 4:5] * raw[:, 5:]
    classes = scores.argmax(axis=1)
    best = scores[np.arange(len(raw)), classes]
    (sure,) = np.nonzero(best >= least)
    if not len(sure):
        return ()
    places, strides = _grid()
    centres = (raw[sure, :2] + places[sure]) * strides[sure]
    halves = np.exp(raw[sure, 2:4]) * strides[sure] / 2
    first, last = (
        np.clip(corner / np.array(size), 0.0, 1.0) for corner in (centres - halves, centres + halves)
    )
    boxes = np.concatenate([first, last - first], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), best[sure].tolist(), classes[sure].tolist(), least, _SAME)
    found = [
        Thing(NAMES[classes[sure[i]]], float(best[sure[i]]), *map(float, (*first[i], *last[i])))
        for i in np.array(kept, np.int64).ravel()
        if boxes[i, 2] > 0 and boxes[i, 3] > 0
    ]
    return tuple(sorted(found, key=lambda thing: -thing.score))


@lru_cache(maxsize=1)
def _grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Columns and rows of all places, float32 [n, 2], and the strides of their grids, [n, 1]."""
    places, strides = [], []
    for stride in _STRIDES:
        across = np.arange(_SIDE // stride, dtype=np.float32)
        columns, rows = np.meshgrid(across, across)
        places.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((columns.size, 1), stride, np.float32))
    return np.concatenate(places), np.concatenate(strides)
