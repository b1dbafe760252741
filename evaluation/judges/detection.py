"""Object detection agreement: are the objects of the source found, in place, in what is shown?

What the detector is sure of on the source (score at least 0.3) is taken as truth; everything that it finds on
what is shown (score at least 0.05) is ranked against it. mAP@0.5 and mAP@0.5:0.95 over the classes of the
truth, as COCO defines it (pycocotools). A perfect copy gets 1.

Objects lost: of what the detector is confident of on the source (score at least 0.5), the share for which
it finds nothing on what is shown: at the same frame, of the same class, IoU at least 0.5, score at least 0.3.
One find stands for one object. The two scores differ so that a confidence that wavers loses no object.
"""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from evaluation.judge import Absent, Facts, Frames
from evaluation.judges import small
from semvid.errors import MissingComponent
from semvid.images.types import Picture

TRUTH_SCORE: Final = 0.3
CONFIDENT_SCORE: Final = 0.5
FOUND_IOU: Final = 0.5
LEAST_SCORE: Final = 0.05
THRESHOLDS: Final = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))  # IoU, COCO's primary metric
_MOST: Final = 100  # detections a frame that COCO counts


@dataclass(frozen=True, slots=True)
class Box:
    """One detected object.

    Attributes:
        label: its class.
        score: confidence, 0..1.
        corners: left, top, right, bottom, pixels.
    """

    label: str
    score: float
    corners: tuple[float, float, float, float]


Detector = Callable[[Picture], list[Box]]  # every box with a score of at least LEAST_SCORE


class Detection:
    """See `evaluation.judge.Judge`."""

    measures = ("map_50", "map_50_95", "objects_lost")

    def __init__(self, detector: Detector) -> None:
        self._detect = detector

    def look(self, source: Frames) -> list[list[Box]]:
        """The truth, by frame."""
        found = [self._detect(picture) for picture in source.pictures]
        return [[box for box in frame if box.score >= TRUTH_SCORE] for frame in found]

    def compare(
        self, seen: list[list[Box]], _source: Frames, shown: Frames, _facts: Facts
    ) -> dict[str, float]:
        """Both means, 0..1; objects lost, percent, left out where the detector is confident of none.

        Raises:
            Absent: the detector is sure of nothing in the source.
        """
        if not any(seen):
            raise Absent(f"the detector finds no object with a score of {TRUTH_SCORE} in the source")
        found = [self._detect(picture) for picture in shown.pictures]
        by_threshold = mean_average_precision(seen, found)
        measured = {"map_50": float(by_threshold[0]), "map_50_95": float(by_threshold.mean())}
        lost = objects_lost(seen, found)
        return measured if lost is None else measured | {"objects_lost": 100 * lost}


def objects_lost(truths: Sequence[Sequence[Box]], detections: Sequence[Sequence[Box]]) -> float | None:
    """Share of confident ``truths`` without a match of their own, 0..1; None where there are none.

    Args:
        truths: boxes on the source, by frame.
        detections: boxes on what is shown, by frame, as many frames.
    """
    objects = matched = 0
    for wanted, found in zip(truths, detections, strict=True):
        confident = [box for box in wanted if box.score >= CONFIDENT_SCORE]
        finds = [box for box in found if box.score >= TRUTH_SCORE]
        fits = [[a.label == b.label and overlap(a, b) >= FOUND_IOU for b in finds] for a in confident]
        objects += len(confident)
        if confident and finds:
            matched += int((maximum_bipartite_matching(csr_array(np.array(fits))) >= 0).sum())
    return (objects - matched) / objects if objects else None


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    corners = np.array([one.corners, other.corners])
    sides = np.maximum(corners[:, 2:].min(axis=0) - corners[:, :2].max(axis=0), 0)
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    shared = float(np.prod(sides))
    union = float(areas.sum()) - shared
    return shared / union if union > 0 else 0.0


def mean_average_precision(
    truths: Sequence[Sequence[Box]],
    detections: Sequence[Sequence[Box]],
    thresholds: Sequence[float] = THRESHOLDS,
) -> NDArray[np.float64]:
    """Mean over the classes of the truths of the average precision, 0..1, [thresholds].

    Args:
        truths: boxes that are there, by frame, at least one; their scores are not looked at.
        detections: boxes that were found, by frame, as many frames.
        thresholds: of the intersection over union.

    Raises:
        MissingComponent: pycocotools is not installed.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingComponent("detection: needs pycocotools; pip install 'semvid[eval]'") from error
    labels = sorted({box.label for frame in truths for box in frame})
    with redirect_stdout(io.StringIO()):  # it reports its progress
        sides = []
        for boxes in (truths, detections):
            side = COCO()
            side.dataset = {
                "images": [{"id": frame} for frame in range(len(truths))],
                "categories": [{"id": number} for number in range(len(labels))],
                "annotations": _annotations(boxes, labels),
            }
            side.createIndex()
            sides.append(side)
        evaluation = COCOeval(*sides, iouType="bbox")
        evaluation.params.iouThrs = np.array(thresholds)
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, np.inf]], ["all"]
        evaluation.params.maxDets = [_MOST]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"]  # [thresholds, recalls, classes, areas, numbers of detections]
    return np.asarray(precision.mean(axis=(1, 2, 3, 4)), np.float64)


def _annotations(boxes: Sequence[Sequence[Box]], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Boxes in the form of COCO; classes that no truth has do not count."""
    found: list[dict[str, Any]] = []
    for frame, several in enumerate(boxes):
        for box in several:
            if box.label in labels:
                left, top, right, bottom = box.corners
                width, height = right - left, bottom - top
                found.append(
                    {
                        "id": len(found) + 1,  # it takes a 0 for no match
                        "image_id": frame,
                        "category_id": labels.index(box.label),
                        "bbox": [left, top, width, height],
                        "area": width * height,
                        "iscrowd": 0,
                        "score": box.score,
                    }
                )
    return found


def small_detector(folder: Path) -> Detector:
    """SSD-MobileNet of a ``--judges`` folder, which gives at most ten boxes a picture.

    Not YOLOX-nano: the embedded model chooses keyframes with it, and the shipped restorer has it in its loss.
    """
    judges = small.load(folder)

    def detect(picture: Picture) -> list[Box]:
        return [
            Box(label, float(score), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for label, score, box in judges.ssd(picture, thr=LEAST_SCORE)
        ]

    return detect


def hub_detector(model: str) -> Detector:
    """Any detector of transformers (`AutoModelForObjectDetection`), by path or hub id.

    Raises:
        MissingComponent: transformers is not installed, or the model cannot be loaded.
    """
    from evaluation.judges.hub import load_model

    network, processor = load_model("AutoModelForObjectDetection", "AutoImageProcessor", model)

    def detect(picture: Picture) -> list[Box]:
        import torch

        with torch.inference_mode():
            outputs = network(**processor(images=picture, return_tensors="pt"))
        (found,) = processor.post_process_object_detection(
            outputs, threshold=LEAST_SCORE, target_sizes=[picture.shape[:2]]
        )
        names = network.config.id2label
        boxes = []
        for label, score, corners in zip(found["labels"], found["scores"], found["boxes"], strict=True):
            left, top, right, bottom = map(float, corners)
            boxes.append(Box(names[int(label)], float(score), (left, top, right, bottom)))
        return boxes

    return detect
