"""Action recognition: is the action of the clip among the best one or five answers of a video classifier?

The paper: TimeSformer on labelled Kinetics clips, top-1 and top-5 in percent. Frames are spread evenly over
the judged ones, as many as the model takes. A clip whose label the model does not know has no top-1; whether
the answer is that on the source is reported for every clip.
"""

import re
from typing import Any

import numpy as np

from evaluation.judge import Facts, Frames
from evaluation.judges.hub import load_model


class Action:
    """See `evaluation.judge.Judge`.

    Args:
        model: path or hub id of what transformers' `AutoModelForVideoClassification` loads.

    Raises:
        MissingComponent: transformers is not installed, or the model cannot be loaded.
    """

    measures = ("top1", "top5", "action_agreement")

    def __init__(self, model: str) -> None:
        self._network, self._processor = load_model(
            "AutoModelForVideoClassification", "AutoImageProcessor", model
        )
        names: dict[int, str] = self._network.config.id2label
        self._numbers = {_plain(name): int(number) for number, name in names.items()}

    def compare(self, seen: list[int], _source: Frames, shown: Frames, facts: Facts) -> dict[str, float]:
        """100 or 0 for each measure; the report averages over clips."""
        answers = self.look(shown)
        agreement = {"action_agreement": 100.0 * (answers[0] == seen[0])}
        number = self._numbers.get(_plain(facts.label))
        if number is None:
            return agreement
        return {"top1": 100.0 * (answers[0] == number), "top5": 100.0 * (number in answers[:5]), **agreement}

    def look(self, source: Frames) -> list[int]:
        """Numbers of all classes of the model, best first."""
        import torch

        wanted = int(self._network.config.num_frames)
        picks = np.linspace(0, len(source.pictures) - 1, wanted).round().astype(int)
        video = [source.pictures[i] for i in picks]
        inputs: Any = self._processor(video, return_tensors="pt")
        # video processors give [1, frames, 3, h, w]; image processors one picture a frame
        pixels = inputs["pixel_values"]
        with torch.inference_mode():
            logits = self._network(pixel_values=pixels if pixels.ndim == 5 else pixels[None]).logits[0]
        return [int(i) for i in torch.argsort(logits, descending=True, stable=True)]


def _plain(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", label.lower()).strip()
