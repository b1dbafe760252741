"""Sends a clip through running services and fetches what came out: ``send_clip.py IN.mp4 OUT.mp4``."""

import sys
from pathlib import Path

from semvid.client import ReceiverClient, TransmitterClient

with (
    TransmitterClient("http://127.0.0.1:8081") as transmitter,
    ReceiverClient("http://127.0.0.1:8082") as receiver,
):
    sent = transmitter.watch(transmitter.submit(Path(sys.argv[1]), {"channel": {"snr_db": 10}})["id"])
    receiver.wait(sent["id"])
    receiver.fetch(sent["id"], Path(sys.argv[2]))
    print(f"{sent['total_symbols']} symbols, CBR {sent['cbr']:.2e}")
