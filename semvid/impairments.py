"""What an emulated channel can do, by name, and chains of it: ``tdl-a+gilbert-elliott+cfo``.

A chain has at most one kind of fading, and each of the rest at most once. The order in which they are written
means nothing: the air fades what was sent, the oscillators turn it, noise comes last.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from semvid.errors import InvalidInput


class Impairment(StrEnum):
    """One thing that a channel does (docs/channels.md)."""

    AWGN = "awgn"  # noise alone
    RAYLEIGH = "rayleigh"  # block fading
    RICIAN = "rician"
    RAYLEIGH_JAKES = "rayleigh-jakes"  # fading that moves from symbol to symbol
    RICIAN_JAKES = "rician-jakes"
    TDL_A = "tdl-a"  # 3GPP TR 38.901: fading in time and frequency
    TDL_B = "tdl-b"
    TDL_C = "tdl-c"
    TDL_D = "tdl-d"
    TDL_E = "tdl-e"
    GILBERT_ELLIOTT = "gilbert-elliott"  # bursts of noise
    TRACE = "trace"  # the SNR over time as it was recorded
    CFO = "cfo"  # carrier frequency offset
    PHASE_NOISE = "phase-noise"


NOT_FADING = frozenset({Impairment.GILBERT_ELLIOTT, Impairment.TRACE, Impairment.CFO, Impairment.PHASE_NOISE})
# fading whose gains move with time, not with the count of symbols alone
MOVING = frozenset(Impairment) - NOT_FADING - {Impairment.AWGN, Impairment.RAYLEIGH, Impairment.RICIAN}
_ORDER = {impairment: place for place, impairment in enumerate(Impairment)}


@dataclass(frozen=True, slots=True)
class Chain:
    """What a channel does, taken apart.

    Attributes:
        fading: the kind of fading; `Impairment.AWGN` where there is none.
        others: the rest.
    """

    fading: Impairment
    others: frozenset[Impairment]

    @classmethod
    def parse(cls, name: str) -> Chain:
        """A chain from its name, impairments joined by ``+``.

        Raises:
            InvalidInput: an unknown impairment, one twice, or two kinds of fading.
        """
        parts = name.split("+")
        unknown = [part for part in parts if part not in set(Impairment)]
        if unknown:
            raise InvalidInput(
                f"no channel model {unknown[0]!r}; there are {', '.join(Impairment)}, and chains of them as "
                "tdl-a+cfo"
            )
        fading = [Impairment(part) for part in parts if part not in NOT_FADING]
        others = frozenset(Impairment(part) for part in parts if part in NOT_FADING)
        if len(fading) > 1 or len(fading) + len(others) < len(parts):
            raise InvalidInput(
                f"channel {name!r}: a chain has one kind of fading, and each of "
                f"{', '.join(sorted(NOT_FADING))} once at most"
            )
        return cls(fading[0] if fading else Impairment.AWGN, others)

    @property
    def name(self) -> str:
        """The one way to write it that metrics, reports and file names use."""
        parts = sorted(self.others, key=_ORDER.__getitem__)
        if self.fading is not Impairment.AWGN or not parts:
            parts.insert(0, self.fading)
        return "+".join(parts)
