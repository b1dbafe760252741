"""What an emulated channel does: frozen, valid once made."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from channel.dispersion import MAX_SPREAD_SYMBOLS
from channel.gaussian import amplitude_of_db
from channel.models.tdl import longest_delay_s
from semvid.channel_options import CHANNEL_RANGES
from semvid.errors import InvalidInput
from semvid.impairments import MOVING, Chain, Impairment
from semvid.snr_trace import SnrTrace, checked_trace
from semvid.waveform import Ofdm, Waveform
from semvid.wire.v1 import link_pb2 as pb

SEED = (0, 2**64 - 1)
# of the symbol rate, and of the distance between subcarriers: how fast a channel may move for the emulator's
# straight lines between its nodes to be true to -46 dB (`channel.instants`, `channel.multicarrier`)
_MOST_DOPPLER, _MOST_OFDM_DOPPLER = 1 / 500, 0.03


@dataclass(frozen=True)
class Conditions:
    """Conditions of the channel. What no part of the chain uses changes nothing.

    Attributes:
        model: a chain of impairments, see `semvid.impairments`.
        snr_db: mean received Es/N0 for unit-power symbols, dB.
        coherence_symbols: symbols over which the gain of block fading stays.
        rician_k_db: power ratio of the direct path to the scattered ones, dB.
        seed: same seed, same channel.
        delay_spread_ns, doppler_hz: root mean square delay and largest Doppler shift of fading that moves.
        symbol_rate_hz: of a single carrier; that of OFDM follows from its numerology.
        pause_ms: before every burst after the first, while the sender waits for the report.
        bad_symbols, bad_share, bad_loss_db: see `channel.impairments.gilbert_elliott`.
        cfo_hz, phase_noise_deg, phase_noise_hz: see `channel.impairments.oscillator`.
        return_snr_db, return_delay_ms: of the return link: mean received Es/N0 of reports that are sent as
            symbols, and how late everything is that comes back.
        snr_trace: seconds and dB, each from its time on; ``trace`` puts it in the place of ``snr_db``.

    Raises:
        InvalidInput: no such chain, a value out of range, or values that contradict each other.
    """

    model: str = "awgn"
    snr_db: float = 10.0
    coherence_symbols: int = 256
    rician_k_db: float = 6.0
    seed: int = 0
    delay_spread_ns: float = 100.0
    doppler_hz: float = 5.0
    symbol_rate_hz: float = 1e6
    pause_ms: float = 8.0
    bad_symbols: float = 200.0
    bad_share: float = 0.05
    bad_loss_db: float = 20.0
    cfo_hz: float = 100.0
    phase_noise_deg: float = 3.0
    phase_noise_hz: float = 1000.0
    return_snr_db: float = 20.0
    return_delay_ms: float = 0.0
    snr_trace: SnrTrace = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", self.chain.name)
        for name, bounds in {**CHANNEL_RANGES, "seed": SEED}.items():
            _in_range(name, getattr(self, name), bounds)
        if self.bad_symbols * (1 - self.bad_share) < 1:
            raise InvalidInput(
                f"bad_symbols must be 1 / (1 - bad_share) = {1 / (1 - self.bad_share):.3g} at least, got "
                f"{self.bad_symbols:g}"
            )
        if self.snr_trace:
            object.__setattr__(self, "snr_trace", checked_trace(self.snr_trace))
        elif Impairment.TRACE in self.chain.others:
            raise InvalidInput("channel 'trace' needs its points; give snr_trace, or trace:FILE")

    @cached_property
    def chain(self) -> Chain:
        """``model`` taken apart."""
        return Chain.parse(self.model)

    @property
    def noise_amplitude(self) -> float:
        """``sqrt(no)`` with ``no = 10 ** (-snr_db / 10)``."""
        return amplitude_of_db(-self.snr_db)

    def require(self, waveform: Waveform) -> None:
        """Makes sure that the emulator's way of computing is true for symbols that are sent like this.

        Raises:
            InvalidInput: the channel is too long or moves too fast for it.
        """
        chain = self.chain
        delay_s = longest_delay_s(chain.fading, self.delay_spread_ns)
        if isinstance(waveform, Ofdm):
            longest_s, remedy = waveform.prefix_s, "lower it, or take a lower numerology"
            fastest_hz, why = _MOST_OFDM_DOPPLER * waveform.spacing_hz, "the distance between subcarriers"
        else:
            longest_s = MAX_SPREAD_SYMBOLS / self.symbol_rate_hz
            remedy = "lower it or symbol_rate_hz, or send OFDM"
            fastest_hz, why = _MOST_DOPPLER * self.symbol_rate_hz, "symbol_rate_hz"
        if delay_s > longest_s:
            spread_ns = self.delay_spread_ns * longest_s / delay_s
            limit = "the cyclic prefix" if isinstance(waveform, Ofdm) else f"{MAX_SPREAD_SYMBOLS} symbols"
            raise InvalidInput(
                f"channel {chain.fading}: with delay_spread_ns {self.delay_spread_ns:g} the last path comes "
                f"{delay_s * 1e6:.3g} us late, {limit} allows {longest_s * 1e6:.3g} us, which is "
                f"delay_spread_ns {spread_ns:.4g}; {remedy}"
            )
        if chain.fading in MOVING and self.doppler_hz > fastest_hz:
            raise InvalidInput(
                f"channel {chain.fading}: doppler_hz {self.doppler_hz:g} is more than {fastest_hz:g}, which "
                f"is the most that {why} allows; lower it, or send faster"
            )

    def merged(self, change: pb.ChannelConditions) -> Conditions:
        """These conditions with the fields that ``change`` sets.

        Raises:
            InvalidInput: an unknown model, or a value out of range.
        """
        fields: dict[str, Any] = {}
        for field in change.DESCRIPTOR.fields:
            if field.has_presence and change.HasField(field.name):  # type: ignore[arg-type]
                fields[field.name] = getattr(change, field.name)
        if change.model:
            fields["model"] = change.model
        if change.snr_trace:
            fields["snr_trace"] = tuple((point.time_s, point.snr_db) for point in change.snr_trace)
        return dataclasses.replace(self, **fields)

    def message(self) -> pb.ChannelConditions:
        """As a message with every field set."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        trace = fields.pop("snr_trace")
        points = [pb.SnrPoint(time_s=time_s, snr_db=snr_db) for time_s, snr_db in trace]
        return pb.ChannelConditions(**fields, snr_trace=points)


def _in_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidInput(f"{name} must lie in {low:g}..{high:g}, got {value:g}")
