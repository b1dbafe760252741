"""The embedded model: no language, no GPU; a small detector of things, and measurements of the pictures.

It answers the PSSS question with a logistic model per focus over what `comparison` measures, fitted to
labels made by eye (``scripts/calibrate_embedded.py``). Where no thing is seen in either picture, another
model without what is measured of things answers. What it can and cannot see: docs/embedded-mllm.md."""

import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semvid.answers import Answered
from semvid.errors import InvalidInput
from semvid.images.objects import Detector
from semvid.images.resize import with_side
from semvid.images.types import Picture
from semvid.mllm.embedded.caption.sentence import describe
from semvid.mllm.embedded.comparison import INPUTS, Comparison, Seen, compare, eye, see
from semvid.mllm.embedded.questions.answers import answers
from semvid.mllm.embedded.views import MIN_SIDE, SIDE
from semvid.options import Focus
from semvid.psss import Answer

COEFFICIENTS = Path(__file__).with_name("coefficients.json")
LEAST_MASS = 0.8  # P(yes) + P(no) on pictures that show nothing measurable
FULL_STRUCTURE = 0.15  # share of the picture with structure from which the answer carries all mass
_KEPT = 8  # prepared pictures kept


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """P(no | yes or no) = sigmoid(weights . sqrt(measurements) + bias), in the order of `INPUTS`."""

    weights: NDArray[np.float64]
    bias: float

    def p_different(self, compared: Comparison) -> float:
        """Probability, 0..1, that the pair differs in meaning."""
        values = np.array([compared.values.get(name, 0.0) for name in INPUTS])
        return 1.0 / (1.0 + math.exp(-float(self.weights @ np.sqrt(values)) - self.bias))


@dataclass(frozen=True, slots=True)
class FocusModels:
    """What answers for a focus: ``things`` where one of the pictures surely shows one, else ``scene``."""

    things: LogisticModel
    scene: LogisticModel


class Embedded:
    """Implements `semvid.mllm.Mllm`; not for use from several threads at once.

    Args:
        detector: of things down to `semvid.mllm.embedded.boxes.FAINT`; None: the shipped one.
    """

    name = "embedded"
    at_once = 1

    def __init__(self, detector: Detector | None = None) -> None:
        self._models = load_models(COEFFICIENTS)
        self._detector = detector or eye()
        self._seen: OrderedDict[bytes, Seen] = OrderedDict()
        self._compared = self._without_things = 0

    @property
    def notices(self) -> list[str]:
        """What to know about the answers so far."""
        if not self._without_things:
            return []
        return [
            f"embedded: in {self._without_things} of {self._compared} comparisons it saw no thing that it "
            "knows, and went by the picture as a whole"
        ]

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """See `Mllm.compare`. Pictures seen recently are recognised and not looked at again.

        P(yes) + P(no) falls from 1 to `LEAST_MASS` as the structure in both pictures vanishes: where there is
        nothing to see, the question is not fully answered.

        Raises:
            InvalidInput: arrays that are no RGB pictures, or differ in size.
            MissingComponent: the detector cannot run here.
        """
        first = self._see(reference)
        models = self._models[focus]
        answers = []
        for candidate in candidates:
            if candidate.shape != reference.shape:
                raise InvalidInput(
                    f"pictures to compare differ in size: {reference.shape}, {candidate.shape}"
                )
            second = self._see(candidate)
            compared = compare(first, second)
            self._compared += 1
            self._without_things += not compared.things
            different = (models.things if compared.things else models.scene).p_different(compared)
            seen = min(1.0, max(first.view.structure, second.view.structure) / FULL_STRUCTURE)
            mass = LEAST_MASS + (1.0 - LEAST_MASS) * seen
            answers.append(Answer(p_yes=mass * (1.0 - different), p_no=mass * different))
        return answers

    def caption(self, frames: Sequence[Picture]) -> str:
        """See `Mllm.caption`: a sentence put together from what was found and measured only."""
        return describe([self._see(frame) for frame in frames])

    def answer(self, frames: Iterable[Picture], questions: Sequence[str]) -> list[Answered]:
        """See `Mllm.answer`: a closed set of questions is answered, and no other (docs/questions.md)."""
        return answers(frames, questions)

    def _see(self, picture: Picture) -> Seen:
        if picture.ndim != 3 or 0 in picture.shape:
            raise InvalidInput(f"a picture must be uint8 [height, width, 3], got {picture.shape}")
        small = with_side(picture, SIDE, MIN_SIDE)
        key = hashlib.blake2b(small.tobytes(), digest_size=16).digest() + repr(picture.shape).encode()
        known = self._seen.get(key)
        if known is None:
            known = see(picture, self._detector)
            self._seen[key] = known
            if len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(key)
        return known


def load_models(path: Path) -> dict[Focus, FocusModels]:
    """Reads the coefficients of every focus.

    Raises:
        InvalidInput: the file was made for other measurements than this version takes.
    """
    content = json.loads(path.read_text(encoding="utf-8"))

    def model(focus: Focus, kind: str) -> LogisticModel:
        part = content["focuses"][focus.value][kind]
        if not set(part["weights"]) <= set(INPUTS):
            raise InvalidInput(
                f"{path.name} was calibrated for other measurements: run scripts/calibrate_embedded.py"
            )
        return LogisticModel(
            np.array([part["weights"].get(name, 0.0) for name in INPUTS]), float(part["bias"])
        )

    return {focus: FocusModels(model(focus, "things"), model(focus, "scene")) for focus in Focus}
