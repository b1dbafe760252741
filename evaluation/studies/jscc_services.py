"""Keyframes without bits beside AV1 of the same symbols, through the services at several SNRs.

    python -m evaluation.studies.jscc_services CLIP... [--keyframes 4] [--snr-db -2 4 10 20]

The three services as processes. The same frames are keyframes everywhere (skim). *jscc* has one setting;
*intra planned for 10 dB* the CRF that takes as many symbols at 10 dB, the MCS that the services choose there,
and no retransmissions (what is lost is still sent anew once); *intra adapting* the CRF that takes as many at
each SNR, or a target CBR where none is coarse enough, and what the services do by default: they follow the
link and repeat. PSNR is that of the shown video at the keyframes' frames, whatever arrived. Prints a table.
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
_FIRST_CRF: Final = 44.0
_BYTES_PER_CRF: Final = 0.06  # d log bytes / d CRF, about
_CRF_PER_DB: Final = 1.6  # of the same symbols, about
_CLOSE: Final = 0.04
_TRIES: Final = 4
_MUCH_DEARER: Final = 1.25
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
        """What came of one transmission: ``psnr``, ``lost``, ``symbols``, ``cbr`` and ``mcs``."""
        channel = {"model": "awgn", "snr_db": snr_db, "seed": SEED}
        job = self.transmitter.submit(clip, {"sound": "none", **options, "channel": channel})["id"]
        try:
            sent = self.transmitter.watch(job)
        except SemvidError:
            sent = self.transmitter.transmission(job)
        keyframes = [one["frame"] for one in self.transmitter.semantics(job)["keyframes"]]
        spent = {"symbols": sent["total_symbols"], "cbr": sent["cbr"], "mcs": sent["mcs"]}
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
        self, clip: Path, snr_db: float, options: Mapping[str, Any], symbols: int, crf: float
    ) -> tuple[float, dict[str, Any]]:
        """The CRF that takes about ``symbols``, and what came of it; ``crf`` is tried first."""
        tried: dict[float, dict[str, Any]] = {}
        dearer: dict[float, float] = {}  # logarithms
        slope = _BYTES_PER_CRF
        while crf not in tried and len(tried) < _TRIES:
            tried[crf] = self.send(clip, snr_db, {**options, "quality": crf})
            dearer[crf] = math.log(tried[crf]["symbols"] / symbols)
            best = min(dearer, key=lambda one: abs(dearer[one]))
            if abs(dearer[best]) < _CLOSE:
                break
            if len(dearer) > 1:  # the secant through the two nearest
                low, high = sorted(sorted(dearer, key=lambda one: abs(dearer[one]))[:2])
                slope = max(_BYTES_PER_CRF / 4, (dearer[low] - dearer[high]) / (high - low))
            crf = min(70.0, max(20.0, round(8 * (best + dearer[best] / slope)) / 8))
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
    found = {snr_db: ends.send(clip, snr_db, jscc) for snr_db in {*snrs_db, PLANNED_DB}}
    yield from (row("jscc", snr_db, found[snr_db]) for snr_db in snrs_db)
    symbols = found[PLANNED_DB]["symbols"]
    crf, planned = ends.costing(clip, PLANNED_DB, intra, symbols, _FIRST_CRF)
    used = planned["mcs"]["keyframe"]
    name = max(used, key=lambda one: used[one])
    mcs = next(code for code, one in MCS_TABLE.items() if one.name == name)
    fixed = {**intra, "quality": crf, "mcs": mcs, "retransmissions": 0}
    for snr_db in snrs_db:
        yield row(f"intra planned for {PLANNED_DB:g} dB", snr_db, ends.send(clip, snr_db, fixed))
    adapted = {PLANNED_DB: planned}
    for snr_db in sorted(snrs_db, key=lambda one: abs(one - PLANNED_DB)):
        if snr_db not in adapted:
            first = min(65.0, max(30.0, crf + _CRF_PER_DB * (PLANNED_DB - snr_db)))
            _, adapted[snr_db] = ends.costing(clip, snr_db, intra, symbols, first)
            if adapted[snr_db]["symbols"] > _MUCH_DEARER * symbols:  # at its coarsest: smaller pictures then
                target = {**intra, "target_cbr": found[PLANNED_DB]["cbr"]}
                adapted[snr_db] = ends.send(clip, snr_db, target)
    yield from (row("intra adapting", snr_db, adapted[snr_db]) for snr_db in snrs_db)


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
