"""The emulated channel as an air: `channel.noise` under the conditions of `channel.registry`."""

from channel.air import Arrived, Sent
from channel.noise import receive
from channel.registry import Registry
from semvid.waveform import Ofdm, Waveform
from semvid.wire.v1 import link_pb2 as pb


class EmulatedAir:
    """Implements `channel.air.Air`."""

    emulates, hardware = True, "semvid channel emulator"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def sample_rate_hz(self, transmission_id: str, waveform: Waveform) -> float:
        """See `channel.air.Air`."""
        if isinstance(waveform, Ofdm):
            return waveform.subcarriers / waveform.symbol_s
        return self._registry.conditions(transmission_id).symbol_rate_hz

    def opened(self, opening: pb.Open, waveform: Waveform) -> Waveform:  # noqa: ARG002
        """See `channel.air.Air`."""
        return waveform

    async def cross(self, sent: Sent) -> Arrived:
        """See `channel.air.Air`."""
        conditions = self._registry.conditions(sent.transmission_id)
        received = receive(sent.symbols, conditions, sent.sequence, sent.first_symbol, sent.waveform)
        return Arrived(received, {"model": conditions.model, "snr_db": conditions.snr_db})

    async def close(self) -> None:
        """See `channel.air.Air`."""
