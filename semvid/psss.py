"""PSSS, the probability-based semantic similarity score (paper, transmitter section).

A multimodal model is shown two pieces of information and a semantic focus, and is asked whether they mean the
same. Nothing is sampled: the probabilities of the answers "yes" and "no" are read. Lower scores mean more
similar::

    S_rel = P(no) - P(yes)        in (-1, 1); what the paper decides by, threshold 0.35
    mass  = P(yes) + P(no)        our addition: how far the model answered the question at all
"""

import math
from dataclasses import dataclass

from semvid.errors import InvalidInput
from semvid.options import DEFAULT_THRESHOLD, Rule

_ROUNDING = 1e-6  # two probabilities taken from one float32 softmax may add up to this much more than one


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer to "do these two mean the same?".

    Attributes:
        p_yes, p_no: probabilities of the two answers, not renormalised over the pair.

    Raises:
        InvalidInput: a value is no probability, or both together exceed one.
    """

    p_yes: float
    p_no: float

    def __post_init__(self) -> None:
        for name, value in (("p_yes", self.p_yes), ("p_no", self.p_no)):
            if not (math.isfinite(value) and 0.0 <= value <= 1.0):
                raise InvalidInput(f"{name} must be a probability, got {value}")
        if self.p_yes + self.p_no > 1.0 + _ROUNDING:
            raise InvalidInput(f"p_yes + p_no must not exceed 1, got {self.p_yes + self.p_no}")

    @property
    def s_rel(self) -> float:
        """P(no) - P(yes): above zero the model leans to "different"."""
        return self.p_no - self.p_yes

    @property
    def mass(self) -> float:
        """P(yes) + P(no): near 1 the model answered the question, near 0 it said something else."""
        return self.p_yes + self.p_no


def differs(answer: Answer, rule: Rule = Rule.RELATIVE, threshold: float = DEFAULT_THRESHOLD) -> bool:
    """Decides whether the candidate means something else than the reference.

    Raises:
        InvalidInput: a threshold outside (-1, 1) for the relative rule, or [0, 1) for the absolute one,
            with which the decision would always be the same.
    """
    lowest = -1.0 if rule is Rule.RELATIVE else 0.0
    if not (math.isfinite(threshold) and lowest <= threshold < 1.0):
        raise InvalidInput(f"the {rule} rule needs a threshold from {lowest:g} to below 1, got {threshold}")
    return (answer.s_rel if rule is Rule.RELATIVE else answer.p_no) > threshold
