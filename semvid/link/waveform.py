"""The waveform of a transmission in its `Open` message."""

from semvid.errors import InvalidInput
from semvid.waveform import SINGLE_CARRIER, Ofdm, RadioFrame, SingleCarrier, Waveform
from semvid.wire.v1 import link_pb2 as pb


def set_waveform(opening: pb.Open, waveform: Waveform) -> None:
    """Says in ``opening`` how symbols will become a signal."""
    if isinstance(waveform, Ofdm):
        message = pb.Ofdm(numerology=waveform.numerology, resource_blocks=waveform.resource_blocks)
        opening.ofdm.CopyFrom(message)
    elif waveform.radio is not None:
        opening.radio.CopyFrom(frame_message(waveform.radio))


def waveform_of(opening: pb.Open) -> Waveform:
    """How the symbols of the transmission that ``opening`` opens become a signal.

    Raises:
        InvalidInput: numbers out of range, or a radio's frame around OFDM.
    """
    if not opening.HasField("ofdm"):
        return SingleCarrier(frame_of(opening.radio)) if opening.HasField("radio") else SINGLE_CARRIER
    if opening.HasField("radio"):
        raise InvalidInput("a radio's frame goes around a single carrier; leave ofdm out")
    return Ofdm(opening.ofdm.numerology, opening.ofdm.resource_blocks)


def frame_message(frame: RadioFrame) -> pb.RadioFrame:
    """As a message."""
    return pb.RadioFrame(preamble=frame.preamble, reference=frame.reference, stretch=frame.stretch)


def frame_of(message: pb.RadioFrame) -> RadioFrame:
    """From a message.

    Raises:
        InvalidInput: numbers out of range.
    """
    return RadioFrame(message.preamble, message.reference, message.stretch)
