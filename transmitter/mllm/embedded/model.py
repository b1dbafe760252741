"""The embedded model: no weights of a network, no GPU, real measurements of the pictures.

It answers the PSSS question with a logistic model per focus over what `measurements` finds, fitted to real
clips by ``scripts/calibrate_embedded.py``. What it can and cannot see: docs/embedded-mllm.md.
"""

import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.resize import with_side
from semvid.images.types import Picture
from semvid.options import Focus
from transmitter.mllm.embedded.caption.sentence import describe
from transmitter.mllm.embedded.measurements import Measurements, measure
from transmitter.mllm.embedded.views import MIN_SIDE, SIDE, View, view
from transmitter.psss import Answer

COEFFICIENTS = Path(__file__).with_name("coefficients.json")
LEAST_MASS = 0.8  # P(yes) + P(no) on pictures that show nothing measurable
FULL_STRUCTURE = 0.15  # share of the picture with structure from which the answer carries all mass
_VIEWS = 8  # prepared pictures kept


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """P(no | yes or no) = sigmoid(weights . sqrt(measurements) + bias)."""

    weights: NDArray[np.float64]
    bias: float

    def p_different(self, measurements: Measurements) -> float:
        """Probability, 0..1, that the pair differs in meaning."""
        return 1.0 / (1.0 + math.exp(-float(self.weights @ np.sqrt(np.array(measurements))) - self.bias))


class Embedded:
    """Implements `transmitter.mllm.Mllm`; not for use from several threads at once."""

    name = "embedded"
    at_once = 1

    def __init__(self) -> None:
        self._models = load_models(COEFFICIENTS)
        self._views: OrderedDict[bytes, View] = OrderedDict()

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """See `Mllm.compare`. Pictures seen recently are recognised and not prepared again.

        P(yes) + P(no) falls from 1 to `LEAST_MASS` as the structure in both pictures vanishes: where there is
        nothing to see, the question is not fully answered.

        Raises:
            InvalidInput: arrays that are no RGB pictures, or differ in size.
        """
        first = self._view(reference)
        model = self._models[focus]
        answers = []
        for candidate in candidates:
            if candidate.shape != reference.shape:
                raise InvalidInput(
                    f"pictures to compare differ in size: {reference.shape}, {candidate.shape}"
                )
            second = self._view(candidate)
            different = model.p_different(measure(first, second))
            seen = min(1.0, max(first.structure, second.structure) / FULL_STRUCTURE)
            mass = LEAST_MASS + (1.0 - LEAST_MASS) * seen
            answers.append(Answer(p_yes=mass * (1.0 - different), p_no=mass * different))
        return answers

    def caption(self, frames: Sequence[Picture]) -> str:
        """See `Mllm.caption`: a sentence put together from measurements only."""
        return describe(frames)

    def _view(self, picture: Picture) -> View:
        if picture.ndim != 3 or 0 in picture.shape:
            raise InvalidInput(f"a picture must be uint8 [height, width, 3], got {picture.shape}")
        small = with_side(picture, SIDE, MIN_SIDE)
        key = hashlib.blake2b(small.tobytes(), digest_size=16).digest() + repr(small.shape).encode()
        known = self._views.get(key)
        if known is None:
            known = view(small)
            self._views[key] = known
            if len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        else:
            self._views.move_to_end(key)
        return known


def load_models(path: Path) -> dict[Focus, LogisticModel]:
    """Reads the coefficients of every focus.

    Raises:
        InvalidInput: the file was made for other measurements than this version takes.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if tuple(content["inputs"]) != Measurements._fields:
        raise InvalidInput(
            f"{path.name} was calibrated for other measurements: run scripts/calibrate_embedded.py"
        )
    return {
        focus: LogisticModel(
            np.array([model["weights"][name] for name in Measurements._fields]), float(model["bias"])
        )
        for focus in Focus
        for model in [content["focuses"][focus.value]]
    }
