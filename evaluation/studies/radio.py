"""A real clip through a flowgraph of GNU Radio in the channel's place, and once more from its recording.

    python -m evaluation.studies.radio --clip FILE [--out results/radio.json]

The three services as processes; between the sockets of the channel runs
`scripts/gnuradio_channel.py`, with noise and a
carrier offset. Beside it the same clip over the emulated channel, with noise alone. Needs GNU Radio.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from console.local_services import free_ports, running_receiver, running_services
from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from semvid.client import ReceiverClient, TransmitterClient
from semvid.errors import MissingComponent
from semvid.images.fidelity import psnr_db
from semvid.link.recording import META, Recording
from semvid.link.replay import replay
from semvid.video.probe import probe
from semvid.video.reader import read_frames

FLOWGRAPH: Final = Path(__file__).parents[2] / "scripts" / "gnuradio_channel.py"
PYTHON: Final = "/usr/bin/python3"  # Debian's package installs GNU Radio for this one
SNR_DB: Final = 15.0
CFO_HZ: Final = 200.0
COLUMNS: Final = [
    ("air", "{air}"),
    ("video", "{state}, {frames} frames"),
    ("symbols", "{symbols}"),
    ("pilots and frames, share", "{pilot_share:.3f}"),
    ("bursts", "{bursts}"),
    ("blocks lost", "{blocks_lost}"),
    ("realised SNR, dB", "{realised_snr_db:.2f}"),
    ("PSNR, dB", "{psnr_db:.2f}"),
]
_TIMEOUT_S: Final = 60.0  # a measurement may run on a busy machine


def has_gnu_radio() -> bool:
    """Whether the flowgraph can run here."""
    try:
        asked = [PYTHON, "-c", "from gnuradio import channels, zeromq"]
        return subprocess.run(asked, capture_output=True, check=False, timeout=120).returncode == 0
    except OSError:
        return False


@contextmanager
def flowgraph(snr_db: float, cfo_hz: float) -> Iterator[str]:
    """Runs it; gives what ``SEMVID_CHANNEL_AIR`` is to be.

    Raises:
        MissingComponent: GNU Radio is not installed.
    """
    if not has_gnu_radio():
        raise MissingComponent(f"radio: GNU Radio is not installed for {PYTHON}; apt-get install gnuradio")
    take, give = (f"tcp://127.0.0.1:{port}" for port in free_ports(2))
    asked = ["--take", take, "--give", give, "--snr-db", str(snr_db), "--cfo-hz", str(cfo_hz)]
    with subprocess.Popen([PYTHON, str(FLOWGRAPH), *asked], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if "runs" not in process.stdout.readline():
                raise MissingComponent("radio: the flowgraph of GNU Radio did not start; see above")
            yield f"zmq:{take},{give}"
        finally:
            process.terminate()


def sent(
    clip: Path, folder: Path, channel: Mapping[str, str], options: Mapping[str, Any]
) -> tuple[dict[str, Any], Path]:
    """The row of one transmission, and the video that came of it."""
    path = folder / "video.mp4"
    with running_services(folder / "data", folder / "logs", channel=channel) as services:
        addresses = services.addresses
        with (
            TransmitterClient(addresses.transmitter_url) as transmitter,
            ReceiverClient(addresses.receiver_url) as receiver,
        ):
            job = transmitter.watch(transmitter.submit(clip, options)["id"])
            video = receiver.wait(job["id"])
            receiver.fetch(job["id"], path)
    total = job["total_symbols"]
    return {
        "id": job["id"],
        "state": video["state"],
        "frames": video["frames_written"],
        "symbols": total,
        "cbr": job["cbr"],
        "pilot_share": round(job["symbols"]["pilot"] / total, 4),
        "bursts": job["bursts_sent"],
        "blocks_lost": job["blocks_lost"],
        "realised_snr_db": job["realised_snr_db"],
        "psnr_db": round(_psnr(clip, path), 2),
    }, path


def replayed(recording: Path, folder: Path) -> bytes:
    """The video that a receiver of its own makes of a recording."""
    opened, path = Recording.open(recording), folder / "replayed.mp4"
    with running_receiver(folder / "replay", folder / "replay-logs") as (url, link):
        asyncio.run(replay(opened, link))
        with ReceiverClient(url) as receiver:
            receiver.wait(opened.transmission_id)
            receiver.fetch(opened.transmission_id, path)
    return path.read_bytes()


def over_gnu_radio(clip: Path, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """A row over the flowgraph, with what is known of its recording."""
    with flowgraph(SNR_DB, CFO_HZ) as air:
        channel = {
            "SEMVID_CHANNEL_AIR": air,
            "SEMVID_CHANNEL_AIR_TIMEOUT_S": str(_TIMEOUT_S),
            "SEMVID_CHANNEL_RECORD_DIR": str(folder / "recordings"),
        }
        row, video = sent(clip, folder, channel, options)
    recording = folder / "recordings" / f"{row['id']}-1-received{META}"
    opened = Recording.open(recording)
    offsets = [one["semvid:carrier_offset_hz"] for one in opened.remarks if "semvid:carrier_offset_hz" in one]
    on_air = [opened.waveform.on_air(int(size)) for size in opened.bursts[:, 1]]
    return row | {
        "air": "GNU Radio",
        "radio_share": round(1 - float(opened.bursts[:, 1].sum()) / sum(on_air), 4),
        "bursts_lost_on_air": sum(bool(one.get("semvid:lost")) for one in opened.remarks),
        "carrier_offset_hz": {"mean": float(np.mean(offsets)), "sd": float(np.std(offsets))},
        "replayed_identical": replayed(recording, folder) == video.read_bytes(),
    }


def over_emulator(clip: Path, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """A row over the emulated channel, noise alone."""
    channel = {"channel": {"model": "awgn", "snr_db": SNR_DB, "seed": 1}}
    row, _ = sent(clip, folder, {}, {**options, **channel})
    return row | {"air": "emulated"}


def _psnr(source: Path, video: Path) -> float:
    pairs = zip(read_frames(source, probe(source)), read_frames(video, probe(video)), strict=True)
    return float(np.mean([psnr_db(one.picture, other.picture) for one, other in pairs]))


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, required=True, help="a real clip")
    parser.add_argument("--out", type=Path, help="file to write, for example results/radio.json")
    asked = parser.parse_args()
    options = {"seed": 1}
    rows = []
    for over in (over_gnu_radio, over_emulator):
        with tempfile.TemporaryDirectory(prefix="semvid-radio-") as folder:
            rows.append(over(asked.clip, Path(folder), options))
    text = formatted(COLUMNS, rows)
    print(text)
    settings = {"clip": asked.clip.name, "snr_db": SNR_DB, "cfo_hz": CFO_HZ, "options": options}
    libraries = ("av", "numba", "numpy", "opencv-python-headless", "pyzmq", "sigmf")
    made = provenance(libraries) | {"gnu_radio": gnu_radio_version()}
    for row in rows:
        del row["id"]
    write(
        asked.out,
        {"rows": rows, "settings": settings, "provenance": made},
        f"# A radio in the loop\n\n{text}",
    )


def gnu_radio_version() -> str:
    """As it says itself."""
    asked = [PYTHON, "-c", "from gnuradio import gr; print(gr.version())"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
