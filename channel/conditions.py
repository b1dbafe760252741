"""What an emulated channel does: frozen, valid once made."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from channel.gaussian import amplitude_of_db
from channel.models import MODELS
from semvid.errors import InvalidInput
from semvid.wire.v1 import link_pb2 as pb

SNR_DB = (-30.0, 60.0)
COHERENCE_SYMBOLS = (1, 2**24)
RICIAN_K_DB = (-20.0, 40.0)
SEED = (0, 2**64 - 1)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions of the channel.

    Attributes:
        model: a name in `channel.models.MODELS`.
        snr_db: mean received Es/N0 for unit-power symbols, dB.
        coherence_symbols: symbols over which the fading gain stays.
        rician_k_db: power ratio of the direct path to the scattered ones, dB; used by ``rician`` only.
        seed: same seed, same noise.

    Raises:
        InvalidInput: an unknown model, or a value out of range.
    """

    model: str = "awgn"
    snr_db: float = 10.0
    coherence_symbols: int = 256
    rician_k_db: float = 6.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InvalidInput(f"no channel model {self.model!r}; there are {', '.join(sorted(MODELS))}")
        _in_range("snr_db", self.snr_db, SNR_DB)
        _in_range("coherence_symbols", self.coherence_symbols, COHERENCE_SYMBOLS)
        _in_range("rician_k_db", self.rician_k_db, RICIAN_K_DB)
        _in_range("seed", self.seed, SEED)

    @property
    def noise_amplitude(self) -> float:
        """``sqrt(no)`` with ``no = 10 ** (-snr_db / 10)``."""
        return amplitude_of_db(-self.snr_db)

    def merged(self, change: pb.ChannelConditions) -> Conditions:
        """These conditions with the fields that ``change`` sets.

        Raises:
            InvalidInput: an unknown model, or a value out of range.
        """
        fields = {
            name: getattr(change, name)
            for name in ("snr_db", "coherence_symbols", "rician_k_db", "seed")
            if change.HasField(name)
        }
        if change.model:
            fields["model"] = change.model
        return dataclasses.replace(self, **fields)

    def message(self) -> pb.ChannelConditions:
        """As a message with every field set."""
        return pb.ChannelConditions(**dataclasses.asdict(self))


def _in_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidInput(f"{name} must lie in {low:g}..{high:g}, got {value:g}")
