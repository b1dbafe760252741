"""`semvid send`: one file or several to a transmitter that runs somewhere."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from console.demo.wording import undecodable
from console.several import Outcome, Several, write_json
from console.terminal import TerminalObserver
from semvid.client import TransmitterClient
from semvid.client.http import Json


def send_one(
    client: TransmitterClient, clip: Path, options: Mapping[str, Any], observer: TerminalObserver
) -> Json:
    """Sends ``clip`` and returns the finished transmission.

    Raises:
        SemvidError: of the kind that the transmitter reports, when the transmission failed.
    """
    job = client.submit(clip, options)
    observer.notice(f"transmission {job['id']}")
    sent = client.watch(
        job["id"],
        lambda event: observer.progress("transmitting", event.get("progress", 0.0), event.get("stage", "")),
        observer.notice,
    )
    if missing := sent.get("undecodable_frames"):
        observer.notice(undecodable(missing))
    for remark in sent["source"]["remarks"]:
        observer.notice(remark)
    return sent


def send_several(
    client: TransmitterClient,
    clips: Sequence[Path],
    out: Path,
    options: Mapping[str, Any],
    observer: TerminalObserver,
) -> list[Outcome]:
    """Sends ``clips`` one after the other; one that fails ends nothing.

    Args:
        client: of the transmitter.
        clips: the videos.
        out: folder for a folder with ``transmission.json`` for each, and ``summary.csv``; what an earlier run
            left there goes first.
        options: of every transmission.
        observer: shows how far it is.

    Raises:
        InvalidInput: the output folder will not do.
    """
    with Several(clips, out, observer) as several:
        while several.waiting:
            several.take(partial(_one_of_several, client, options, observer))
    return several.outcomes


def _one_of_several(
    client: TransmitterClient,
    options: Mapping[str, Any],
    observer: TerminalObserver,
    clip: Path,
    folder: Path,
    outcome: Outcome,
) -> None:
    began = time.monotonic()
    sent = send_one(client, clip, options, observer)
    write_json(folder / "transmission.json", sent)
    source = sent["source"]
    same = ("id", "frames", "undecodable_frames", "keyframes", "cbr", "realised_snr_db")
    outcome.document, outcome.state = sent, sent["state"]
    outcome.values = {
        **{name: sent.get(name) for name in same},
        "width": source["width"],
        "height": source["height"],
        "duration_s": source.get("duration_s"),
        "symbols": sent.get("total_symbols"),
        "snr_db": (sent["options"].get("channel") or {}).get("snr_db"),
        "seconds": round(time.monotonic() - began, 3),
    }
