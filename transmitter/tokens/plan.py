"""How dense keyframes of tokens are: nothing is tried, as there is no quality to be chosen."""

from __future__ import annotations

from dataclasses import dataclass

from transmitter.rate.model import deserved_price
from transmitter.rate.plan import DEFAULT_CRF


@dataclass(frozen=True, slots=True)
class TokenPlan:
    """What a transmission starts with.

    Attributes:
        price: of a keyframe (`transmitter.rate.model`); by default keyframes stand where they would for AV1.
    """

    price: float = deserved_price(DEFAULT_CRF)

    def resource(self) -> dict[str, float]:
        """For reports: none of it was chosen."""
        return {}
