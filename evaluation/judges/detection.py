"""Object detection agreement: are the objects of the source found, in place, in what is shown?

What the detector is sure of on the source (score at least 0.3) is taken as truth; everything that it finds on
what is shown (score at least 0.05) is ranked against it. mAP@0.5 and mAP@0.5:0.95 over the classes of the
truth. A perfect copy gets 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from evaluation.judge import Absent, Facts, Frames
from evaluation.judges import small
from evaluation.judges.average_precision import THRESHOLDS, Box, mean_average_precision
from semvid.images.types import Picture

TRUTH_SCORE: Final = 0.3
LEAST_SCORE: Final = 0.05

Detector = Callable[[Picture], list[Box]]  # every box with a score of at least LEAST_SCORE


class Detection:
    """See `evaluation.judge.Judge`."""

    measures = ("map_50", "map_50_95")

    def __init__(self, detector: Detector) -> None:
        self._detect = detector

    def look(self, source: Frames) -> list[list[Box]]:
        """The truth, by frame."""
        found = [self._detect(picture) for picture in source.pictures]
        return [[box for box in frame if box.score >= TRUTH_SCORE] for frame in found]

    def compare(
        self, seen: list[list[Box]], _source: Frames, shown: Frames, _facts: Facts
    ) -> dict[str, float]:
        """Both means.

        Raises:
            Absent: the detector is sure of nothing in the source.
        """
        if not any(seen):
            raise Absent(f"the detector finds no object with a score of {TRUTH_SCORE} in the source")
        found = [self._detect(picture) for picture in shown.pictures]
        by_threshold = [mean_average_precision(seen, found, iou) for iou in THRESHOLDS]
        return {"map_50": by_threshold[0], "map_50_95": float(np.mean(by_threshold))}


def small_detector(folder: Path) -> Detector:
    """YOLOX-nano of a ``--judges`` folder."""
    judges = small.load(folder)

    def detect(picture: Picture) -> list[Box]:
        return [
            Box(label, float(score), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for label, score, box in judges.yolox(picture, thr=LEAST_SCORE)
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
