"""Python clients of the transmitter's and the receiver's REST interfaces."""

from semvid.client.receiver import ReceiverClient
from semvid.client.transmitter import TransmitterClient

__all__ = ["ReceiverClient", "TransmitterClient"]
