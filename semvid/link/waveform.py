"""The waveform of a transmission in its `Open` message."""

from semvid.waveform import SINGLE_CARRIER, Ofdm, Waveform
from semvid.wire.v1 import link_pb2 as pb


def set_waveform(opening: pb.Open, waveform: Waveform) -> None:
    """Says in ``opening`` how symbols will become a signal."""
    if isinstance(waveform, Ofdm):
        message = pb.Ofdm(numerology=waveform.numerology, resource_blocks=waveform.resource_blocks)
        opening.ofdm.CopyFrom(message)


def waveform_of(opening: pb.Open) -> Waveform:
    """How the symbols of the transmission that ``opening`` opens become a signal.

    Raises:
        InvalidInput: OFDM with numbers out of range.
    """
    if not opening.HasField("ofdm"):
        return SINGLE_CARRIER
    return Ofdm(opening.ofdm.numerology, opening.ofdm.resource_blocks)
