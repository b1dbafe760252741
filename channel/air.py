"""What stands between a burst that was sent and one that is received: the emulated channel, or a radio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semvid.waveform import Waveform
from semvid.wire.v1 import link_pb2 as pb


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """One burst, as it was handed over.

    Attributes:
        transmission_id: whose it is.
        symbols: complex64[n], n at least 1.
        sequence: its number within the transmission.
        first_symbol: symbols of the transmission before it.
        waveform: how symbols become a signal.
    """

    transmission_id: str
    symbols: NDArray[np.complex64]
    sequence: int
    first_symbol: int
    waveform: Waveform


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """What became of a burst.

    Attributes:
        symbols: complex64[n], as many as were sent; zeros where the burst was lost.
        remarks: what is known of it, JSON-ready, for a recording.
    """

    symbols: NDArray[np.complex64]
    remarks: dict[str, float | int | str | bool]


class Air(Protocol):
    """Carries bursts."""

    @property
    def emulates(self) -> bool:
        """Whether it has conditions that can be set."""

    @property
    def hardware(self) -> str:
        """What it is, in a few words, for a recording."""

    def sample_rate_hz(self, transmission_id: str, waveform: Waveform) -> float:
        """Symbols a second of an open transmission, on average over a burst."""

    def opened(self, opening: pb.Open, waveform: Waveform) -> Waveform:
        """How the bursts of a transmission go on the air.

        Raises:
            InvalidInput: not by this air.
        """

    async def cross(self, sent: Sent) -> Arrived:
        """Carries one burst.

        Raises:
            InvalidInput: a burst that cannot be.
            LinkFailed: the radio takes no samples.
        """

    async def close(self) -> None:
        """Lets go of what it holds."""
