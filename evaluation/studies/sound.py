"""What sound costs over the air, and how much of it can be understood, by codec, bit rate and SNR.

    python -m evaluation.studies.sound --media DIR [--out results/sound.json]

The sender, the air and the receiver of the services in one process, without pictures. STOI (Taal and others,
2011) correlates short-time envelopes of what was heard with those of the source, 0..1. It was made for
speech and says of other sounds how alike they are, no more.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation.bench.report.table import formatted
from evaluation.link import Air, InProcessLink
from evaluation.method import Conditions
from evaluation.provenance import provenance, write
from receiver.sound.track import SoundTrack
from semvid import sound_payload
from semvid.errors import MissingComponent
from semvid.link.packing import sound_blocks
from semvid.phy.adaptation import LinkAdapter
from semvid.phy.arrays import Symbols
from semvid.phy.block import BlockReceiver, Reception
from semvid.sound.codec2 import BIT_RATES
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.sound.track import read_sound
from semvid.video.probe import SourceInfo, probe
from transmitter.sound.plan import OPUS_RATES, SoundPlan
from transmitter.sound.sender import SoundSender

CLIPS: Final = {
    "film_bw_dialogue.mp4": "two people talk",
    "act_flipping_pancake.mkv": "kitchen, voices",
    "animation_bigbuckbunny.mp4": "music, effects",
}
SNRS_DB: Final = (0.0, 5.0, 10.0)
USUAL_CBR: Final = 6.5e-4
SEED: Final = 1


def intelligibility(source: Pcm, heard: Pcm) -> float:
    """STOI of int16 [samples, 1] against as many samples of the source.

    Raises:
        MissingComponent: pystoi is not installed.
    """
    try:
        from pystoi import stoi
    except ImportError as error:
        raise MissingComponent('STOI needs pystoi: pip install "semvid[eval-sound]"') from error
    return float(stoi(source[:, 0].astype(float), heard[:, 0].astype(float), SAMPLE_RATE))


def cross(sound: Pcm, plan: SoundPlan, snr_db: float) -> tuple[Pcm, dict[str, float]]:
    """What is heard of mono ``sound`` that crossed an AWGN channel, and what that took.

    Returns:
        As many samples as were sent; channel uses and information bits per second, packets lost.
    """
    bursts = BlockReceiver()
    arrived: list[bytes] = []

    def receive(symbols: Symbols) -> Reception:
        reception = bursts.receive(symbols)
        if reception.bulk is not None:
            arrived.append(reception.bulk)
        return reception

    link = InProcessLink(Air(Conditions(model="awgn", snr_db=snr_db, seed=SEED)), receive)
    sender = SoundSender(plan, iter([sound]))
    bits = 0
    for unit in sender.until(math.inf):
        bits += 8 * sum(map(len, unit.packets))
        link.ship(sound_blocks(unit, link.harq.adapter.sound_limit_bytes()))
    track = SoundTrack(sender.plan.header)
    for payload in arrived:
        track.add(*sound_payload.unpack(payload))
    heard = np.concatenate(list(track.until(len(sound), ended=True)))
    seconds = len(sound) / SAMPLE_RATE
    return heard, {
        "symbols_per_s": link.harq.record.sound_symbols / seconds,
        "kbit_per_s": bits / seconds / 1000,
        "packets_lost": track.record.packets_lost,
    }


def plans(snr_db: float) -> list[SoundPlan]:
    """All rates, those that are never chosen too, the lowest first, as they would be planned at an SNR."""
    adapter = LinkAdapter()
    adapter.observe(snr_db, snr_db)
    speech = [SoundPlan.codec2(rate, adapter) for rate in reversed(BIT_RATES)]
    return [*speech, *(SoundPlan.opus(rate, 1, adapter) for rate in sorted({*OPUS_RATES, 9_000}))]


def rows(media: Path) -> Iterator[dict[str, Any]]:
    """One per clip, bit rate and SNR."""
    for name in CLIPS:
        source: SourceInfo = probe(media / name)
        sound = np.concatenate(list(read_sound(media / name, source, 1)))
        usual = USUAL_CBR * 3 * source.width * source.height * float(source.frame_rate)
        for snr_db in SNRS_DB:
            for plan in plans(snr_db):
                heard, cost = cross(sound, plan, snr_db)
                yield {
                    "clip": name,
                    "codec": f"{plan.header.codec} {plan.bit_rate / 1000:g}",
                    "snr_db": snr_db,
                    "stoi": round(intelligibility(sound, heard), 3),
                    "kbit_per_s": round(cost["kbit_per_s"], 2),
                    "symbols_per_s": round(cost["symbols_per_s"]),
                    "share": round(cost["symbols_per_s"] / usual, 3),
                    "packets_lost": cost["packets_lost"],
                }


def table(result: dict[str, Any]) -> str:
    """The table."""
    made = result["provenance"]
    columns = [
        ("clip", "{clip}"),
        ("codec, kbit/s", "{codec}"),
        ("SNR", "{snr_db:g} dB"),
        ("STOI", "{stoi:.3f}"),
        ("kbit/s needed", "{kbit_per_s:.1f}"),
        ("symbols/s", "{symbols_per_s}"),
        (f"of CBR {USUAL_CBR:g}", "{share:.1%}"),
        ("packets lost", "{packets_lost}"),
    ]
    heard = "; ".join(f"{name}: {what}" for name, what in CLIPS.items())
    return f"""# Sound over the air

`{made["command"]}`, commit {made["commit"]}, {made["date"]}. AWGN, seed {SEED}, mono. {heard}. Symbols: \
everything in the blocks of sound. The share is of all that a transmission of the clip may take at a CBR of \
{USUAL_CBR:g}, pictures included.

{formatted(columns, result["rows"])}"""


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description="cost and intelligibility of sound")
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result: dict[str, Any] = {"rows": [], "provenance": provenance(("av", "numba", "numpy", "pystoi"))}
    for row in rows(arguments.media):
        print(*(f"{name}={value}" for name, value in row.items()), flush=True)
        result["rows"].append(row)
    write(arguments.out, result, table(result))


if __name__ == "__main__":
    main()
