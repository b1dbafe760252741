"""Keyframes without bits beside AV1 of the same symbols, through the services at several SNRs.

    python -m evaluation.studies.jscc_services CLIP... [--keyframes 4] [--snr-db -2 4 10 20]

The three services as processes. The same frames are keyframes everywhere (skim). *jscc* has one setting;
*intra planned for 10 dB* the CRF that takes as many symbols at 10 dB, the MCS that the services choose there,
and no retransmissions, as over a link that nobody reports on; *intra adapting* the CRF that takes as many at
each SNR, and what the services do by default: they follow the link and repeat. PSNR is that of the shown
video at the keyframes' frames, whatever arrived. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from console.local_services import running_services
from evaluation.bench.report.table import formatted
from semvid.client import ReceiverClient, TransmitterClient
from semvid.errors import SemvidError
from semvid.images.fidelity import psnr_db
from semvid.phy.mcs import MCS_TABLE
from semvid.video.probe import probe
from semvid.video.reader import read_frames

PLANNED_DB: Final = 10.0
SNRS_DB: Final = (-2.0, 4.0, PLANNED_DB, 20.0)
SEED: Final = 1
_FIRST_CRF: Final = 40.0
_BYTES_PER_CRF: Final = 0.08  # d log bytes / d CRF, about
_CLOSE: Final = 0.03
_TRIES: Final = 4
COLUMNS: Final = [
    ("clip", "{clip}"),
    ("coding", "{coding}"),
    ("SNR, dB", "{snr_db:g}"),
    ("PSNR of keyframes, dB", "{psnr}"),
    ("keyframes lost", "{lost}"),
    ("symbols", "{symbols:,}"),
]


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of running services, and a folder for what comes out."""

    transmitter: TransmitterClient
    receiver: ReceiverClient
    folder: Path

    def send(self, clip: Path, snr_db: float, options: Mapping[str, Any]) -> dict[str, Any]:
        """What came of one transmission: ``psnr``, ``lost``, ``symbols`` and ``mcs``."""
        channel = {"model": "awgn", "snr_db": snr_db, "seed": SEED}
        job = self.transmitter.submit(clip, {"sound": "none", **options, "channel": channel})["id"]
        try:
            sent = self.transmitter.watch(job)
        except SemvidError:
            sent = self.transmitter.transmission(job)
        keyframes = [one["frame"] for one in self.transmitter.semantics(job)["keyframes"]]
        spent = {"symbols": sent["total_symbols"], "mcs": sent["mcs"]}
        try:
            video = self.receiver.wait(job)
            path = self.receiver.fetch(job, self.folder / f"{job}.mp4")
        except SemvidError:  # nothing can be shown
            return {"psnr": "nothing is shown", "lost": len(keyframes), **spent}
        shown = {frame.index: frame.picture for frame in read_frames(path, probe(path))}
        true = {frame.index: frame.picture for frame in read_frames(clip, probe(clip))}
        found = [psnr_db(shown[frame], true[frame]) for frame in keyframes if frame in shown]
        lost = video["keyframes_lost"] + video["keyframes_undecodable"] + video["keyframes_given_up"]
        return {"psnr": f"{np.mean(found):.1f}", "lost": lost, **spent}

    def costing(
        self, clip: Path, snr_db: float, options: Mapping[str, Any], symbols: int
    ) -> tuple[float, dict[str, Any]]:
        """The CRF that takes about ``symbols``, and what came of it."""
        crf, tried = _FIRST_CRF, dict[float, dict[str, Any]]()
        while crf not in tried and len(tried) < _TRIES:
            tried[crf] = self.send(clip, snr_db, {**options, "quality": crf})
            dearer = math.log(tried[crf]["symbols"] / symbols)
            if abs(dearer) < _CLOSE:
                break
            crf = min(70.0, max(20.0, round(4 * (crf + dearer / _BYTES_PER_CRF)) / 4))
        best = min(tried, key=lambda one: abs(math.log(tried[one]["symbols"] / symbols)))
        return best, tried[best]


@contextmanager
def running() -> Iterator[Ends]:
    """Services of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="semvid-jscc-") as folder,
        running_services(Path(folder) / "data", Path(folder) / "logs") as services,
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        yield Ends(transmitter, receiver, Path(folder))


def measured(ends: Ends, clip: Path, keyframes: int, snrs_db: tuple[float, ...]) -> Iterator[dict[str, Any]]:
    """One row for every coding and SNR."""
    same = {"keyframe_method": "skim", "keyframe_count": keyframes}

    def row(coding: str, snr_db: float, found: dict[str, Any]) -> dict[str, Any]:
        return {"clip": clip.stem, "coding": coding, "snr_db": snr_db, **found}

    jscc, intra = ({**same, "coding": coding} for coding in ("jscc", "intra"))
    for snr_db in snrs_db:
        yield row("jscc", snr_db, ends.send(clip, snr_db, jscc))
    symbols = ends.send(clip, PLANNED_DB, jscc)["symbols"]
    crf, planned = ends.costing(clip, PLANNED_DB, intra, symbols)
    used = planned["mcs"]["keyframe"]
    name = max(used, key=lambda one: used[one])
    mcs = next(code for code, one in MCS_TABLE.items() if one.name == name)
    fixed = {**intra, "quality": crf, "mcs": mcs, "retransmissions": 0}
    for snr_db in snrs_db:
        yield row(f"intra planned for {PLANNED_DB:g} dB", snr_db, ends.send(clip, snr_db, fixed))
    for snr_db in snrs_db:
        _, found = ends.costing(clip, snr_db, intra, symbols)
        yield row("intra adapting", snr_db, found)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--keyframes", type=int, default=4)
    parser.add_argument("--snr-db", nargs="+", type=float, default=SNRS_DB)
    given = parser.parse_args()
    with running() as ends:
        rows = [
            row for clip in given.clips for row in measured(ends, clip, given.keyframes, tuple(given.snr_db))
        ]
    print(formatted(COLUMNS, rows))


if __name__ == "__main__":
    main()
