"""How many segments are in time with a deadline and without one, over a link that fades.

    python -m evaluation.studies.deadlines --media ../shared/media --out results/deadlines.json

The same clips, target and fading for both, over Rayleigh in blocks; the services' cores, in one process.
What is late without a deadline is late; with one it is generated, and what that costs is said beside it.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from evaluation.bench.report.table import formatted
from evaluation.clips import Clip, load
from evaluation.method import Conditions, Outcome
from evaluation.methods.semantic import Semvid
from evaluation.provenance import provenance, write
from semvid.channel_options import ChannelOptions
from semvid.images.fidelity import psnr_db
from semvid.options import TransmissionOptions
from semvid.semantics import PictureCoding
from transmitter.deadline import within_link

CLIPS: Final = ("act_yoga.mp4", "traffic_topdown_cars.mp4", "static_bottles.mp4")
SNRS_DB: Final = (0.0, 5.0, 10.0, 15.0)
SEEDS: Final = (1, 2)
SECONDS: Final = 3.0  # of each clip
AREA: Final = 288 * 160  # pixels
DEADLINE_S: Final = 1.0
SYMBOL_RATE_HZ: Final = 30_000.0
COHERENCE_SYMBOLS: Final = 500  # of a fading block: 17 ms
_JUDGED_EVERY: Final = 3  # frames


def sender(deadline_s: float | None) -> Semvid:
    """semvid with a deadline or without."""
    options: dict[str, Any] = {"coding": "low-delay", "deadline_s": deadline_s}
    return Semvid("semvid", restorer="none", channel={"symbol_rate_hz": SYMBOL_RATE_HZ}, **options)


def target_cbr(clip: Clip) -> float:
    """What a deadline aims at by itself, for both: a share of what the link carries."""
    asked = TransmissionOptions(
        coding=PictureCoding.LOW_DELAY,
        deadline_s=DEADLINE_S,
        channel=ChannelOptions(symbol_rate_hz=SYMBOL_RATE_HZ),
    )
    target = within_link(asked, clip.source).target_cbr
    assert target is not None
    return target


def cells(clips: Sequence[Clip]) -> Iterator[dict[str, Any]]:
    """One record for each clip, SNR, seed and way."""
    for clip in clips:
        for snr_db in SNRS_DB:
            for seed in SEEDS:
                conditions = Conditions(snr_db, "rayleigh", COHERENCE_SYMBOLS, seed)
                for way, deadline_s in (("without", None), ("deadline", DEADLINE_S)):
                    outcome = sender(deadline_s).run_once(clip, conditions, target_cbr(clip))
                    about = {"clip": clip.path.stem, "snr_db": snr_db, "seed": seed, "way": way}
                    yield about | measured(clip, outcome)


def measured(clip: Clip, outcome: Outcome) -> dict[str, Any]:
    """Delays, symbols, and PSNR of what is shown, late or not."""
    if outcome.failed:
        return {"failed": outcome.failed, "symbols": outcome.crossed}
    pairs = zip(clip.pictures, outcome.pictures(), strict=True)
    fidelity = [psnr_db(a, b) for number, (a, b) in enumerate(pairs) if number % _JUDGED_EVERY == 1]
    delays = outcome.settings["arrivals"]
    return {
        "symbols": outcome.crossed,
        "segments": len(delays),
        "in_time": sum(one["text"] and one["delay_s"] <= DEADLINE_S for one in delays),
        "pictures_in_time": sum(one["picture"] and one["delay_s"] <= DEADLINE_S for one in delays),
        "delays_s": [one["delay_s"] for one in delays],
        "psnr_db": round(statistics.mean(fidelity), 3),
    }


def summary(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By SNR: shares of all segments, and means over transmissions."""
    rows = []
    for snr_db in SNRS_DB:
        row: dict[str, Any] = {"snr_db": snr_db}
        for way in ("without", "deadline"):
            own = [one for one in records if one["snr_db"] == snr_db and one["way"] == way]
            there = [one for one in own if "failed" not in one]
            delays = [delay for one in there for delay in one["delays_s"]]
            segments = len(delays)
            row[way] = {
                "transmissions": len(own),
                "failed": len(own) - len(there),
                "segments": segments,
                "in_time": sum(one["in_time"] for one in there) / segments if segments else 0.0,
                "pictures_in_time": sum(one["pictures_in_time"] for one in there) / segments
                if segments
                else 0.0,
                "mean_delay_s": statistics.mean(delays) if delays else None,
                "longest_delay_s": max(delays, default=None),
                "psnr_db": statistics.mean(one["psnr_db"] for one in there) if there else None,
                "symbols": statistics.mean(one["symbols"] for one in own),
            }
        rows.append(row)
    return rows


def table(rows: Sequence[dict[str, Any]], made: dict[str, Any]) -> str:
    """The summary in Markdown."""

    def cell(row: dict[str, Any], name: str, form: str) -> str:
        values = (row[way][name] for way in ("without", "deadline"))
        return " / ".join("-" if value is None else format(value, form) for value in values)

    shown = [
        {
            "snr": f"{row['snr_db']:.0f} dB",
            "kept": cell(row, "in_time", ".0%"),
            "pictures": cell(row, "pictures_in_time", ".0%"),
            "mean": cell(row, "mean_delay_s", ".2f"),
            "longest": cell(row, "longest_delay_s", ".2f"),
            "psnr": cell(row, "psnr_db", ".1f"),
            "symbols": cell(row, "symbols", ".0f"),
            "failed": cell(row, "failed", "d"),
        }
        for row in rows
    ]
    columns = [
        ("Es/N0", "{snr}"),
        ("segments in time", "{kept}"),
        ("of them with their picture", "{pictures}"),
        ("mean delay, s", "{mean}"),
        ("longest, s", "{longest}"),
        ("PSNR, dB", "{psnr}"),
        ("symbols", "{symbols}"),
        ("failed", "{failed}"),
    ]
    return f"""# Deadlines over a link that fades

`{made["command"]}`, commit {made["commit"]}, {made["date"]}. {len(CLIPS)} clips of
{SECONDS:.0f} s and {AREA} pixels, {len(SEEDS)} seeds, Rayleigh in blocks of {COHERENCE_SYMBOLS} symbols,
{SYMBOL_RATE_HZ:.0f} symbols/s, the target
80 % of them, low delay. A segment is in time where its text and its picture
arrived, or the picture was given up to be generated, at most {DEADLINE_S} s after it was complete. Without a
deadline / with one.

{formatted(columns, shown)}"""


def main() -> None:
    """Measures, prints the table, writes JSON and Markdown side by side."""
    parser = argparse.ArgumentParser(description="segments in time, with a deadline and without")
    parser.add_argument("--media", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="semvid-deadlines-") as name:
        folder = Path(name)
        clips = [load(arguments.media / file, folder, SECONDS, AREA) for file in CLIPS]
        records = []
        for record in cells(clips):
            records.append(record)
            print({key: value for key, value in record.items() if key != "delays_s"}, flush=True)
    made = provenance()
    rows = summary(records)
    text = table(rows, made)
    print(text)
    settings = {
        "snrs_db": SNRS_DB, "seeds": SEEDS, "seconds": SECONDS, "area": AREA,
        "deadline_s": DEADLINE_S, "symbol_rate_hz": SYMBOL_RATE_HZ, "coherence_symbols": COHERENCE_SYMBOLS,
    }  # fmt: skip
    write(
        arguments.out, {"summary": rows, "settings": settings, "records": records, "provenance": made}, text
    )


if __name__ == "__main__":
    main()
