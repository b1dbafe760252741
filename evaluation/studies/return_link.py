"""Measures the return link: how far late reports idle the link, and what becomes of reports over noise.

    python -m evaluation.studies.return_link [--out results/return_link.json] [--blocks 64] [--reports 2000]

Throughput: blocks of 8000 bytes in one shipment, real bursts through the emulator's channel and our
receiver, on a clock that counts symbols (1 MHz) and the delay of reports; nothing sleeps. *Ideal* is the
same bits in the time that their bursts take on the air, without any wait. Reports: words of random content
with the emulator's noise, by aggregation level; one that is read and says something else counts as wrong.
Writes the JSON and a Markdown table beside it.
"""

import argparse
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from channel.conditions import Conditions
from channel.noise import receive
from channel.reports import receive_report
from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.link.harq import MAX_WINDOW, HarqSender
from semvid.phy.arrays import Symbols
from semvid.phy.block import BlockReceiver, TbState
from semvid.phy.control_word import AGGREGATION_LEVELS
from semvid.phy.report_word import BURSTS, ReportWord, decode_report, modulate_report, report_symbols

SEED: Final = 17
SYMBOL_RATE_HZ: Final = 1e6
SNR_DB: Final = 10.0
BLOCK_BYTES: Final = 8000
DELAYS_S: Final = (0.0, 0.02, 0.05, 0.1, 0.2)
SNRS_DB: Final = {1: (2, 4, 6, 8), 2: (0, 2, 4, 6), 4: (-4, -2, 0, 2), 8: (-7, -5, -3, -1), 16: (-9, -7, -5)}


@dataclass(frozen=True, slots=True)
class Throughput:
    """What came of one shipment.

    Attributes:
        seconds: from its first symbol to its last report.
        on_air_s: that its bursts take.
        bits: information that arrived.
        repeated: bursts that repeated another.
        lost: blocks that never arrived.
    """

    seconds: float
    on_air_s: float
    bits: int
    repeated: int
    lost: int

    @property
    def share_of_ideal(self) -> float:
        """Of the throughput without any wait."""
        return self.on_air_s / self.seconds


def throughput(
    window: int, delay_s: float, snr_db: float, blocks: int, seed: int, model: str = "awgn"
) -> Throughput:
    """One shipment of ``blocks`` blocks of `BLOCK_BYTES` over a channel, reports late by ``delay_s``.

    The last round trip is not counted: whatever leaves next would leave meanwhile.
    """
    rng = np.random.default_rng(seed)
    conditions = Conditions(model=model, snr_db=snr_db, seed=seed)
    sender, receiver = HarqSender(window=window), BlockReceiver(window=window)
    bursts = crossed = 0

    def cross(burst: Symbols) -> BlockReport:
        nonlocal bursts, crossed
        received = receive(burst, conditions, bursts, crossed)
        bursts, crossed = bursts + 1, crossed + len(burst)
        return BlockReport.of(receiver.receive(received))

    sender.report(cross(sender.sound()))
    sender.ship(
        BlockPayload(
            bulk=Payload(rng.bytes(BLOCK_BYTES), {SymbolClass.KEYFRAME: 8 * BLOCK_BYTES}),
            stretch=range((n + 1) * BLOCK_BYTES, (n + 2) * BLOCK_BYTES),
        )
        for n in range(blocks)
    )
    now_s, on_air_s = 0.0, 0.0
    late: deque[tuple[float, BlockReport]] = deque()
    while True:
        burst = sender.next_burst()
        if burst is not None:
            taken_s = len(burst) / SYMBOL_RATE_HZ
            now_s, on_air_s = now_s + taken_s, on_air_s + taken_s
            late.append((now_s + delay_s, cross(burst)))
        elif late:
            due_s, report = late.popleft()
            now_s = max(now_s, due_s)
            sender.report(report)
        else:
            break
    lost = len(sender.delivery.lost)
    arrived = 8 * BLOCK_BYTES * (blocks - lost)
    return Throughput(now_s - delay_s, on_air_s, arrived, sender.record.retransmissions, lost)


def reports(level: int, snr_db: float, count: int, seed: int) -> dict[str, Any]:
    """What becomes of ``count`` reports at one level and one Es/N0 of the return link."""
    rng = np.random.default_rng(seed)
    conditions = Conditions(return_snr_db=snr_db, seed=seed)
    states = tuple(TbState)
    unread = wrong = 0
    for number in range(count):
        word = ReportWord(
            burst=int(rng.integers(BURSTS)),
            control_decoded=bool(rng.integers(2)),
            protected=states[rng.integers(len(states))],
            bulk=states[rng.integers(len(states))],
            snr_db=float(rng.integers(-60, 121)) / 2,
            effective_snr_db=-30.0,
        )
        sent = modulate_report(word, level)
        read = decode_report(receive_report(sent, conditions, number), level)
        unread += read is None
        wrong += read is not None and not np.array_equal(read.to_bits(), word.to_bits())
    return {
        "aggregation": level,
        "symbols": report_symbols(level),
        "return_snr_db": snr_db,
        "reports": count,
        "unread": unread,
        "wrong": wrong,
    }


def study(blocks: int, count: int) -> dict[str, Any]:
    """Everything that the document says."""
    rows = []
    for model in ("awgn", "rayleigh"):
        for window in (1, MAX_WINDOW):
            for delay_s in DELAYS_S:
                found = throughput(window, delay_s, SNR_DB, blocks, SEED, model)
                row = {"model": model, "snr_db": SNR_DB, "window": window, "delay_ms": 1e3 * delay_s}
                share = round(found.share_of_ideal, 4)
                rows.append(row | asdict(found) | {"share_of_ideal": share})
    words = [reports(level, snr_db, count, SEED) for level in AGGREGATION_LEVELS for snr_db in SNRS_DB[level]]
    return {"blocks": blocks, "block_bytes": BLOCK_BYTES, "throughput": rows, "reports": words}


def as_markdown(document: dict[str, Any]) -> str:
    """The tables of the report."""
    made, rows = document["provenance"], document["throughput"]
    columns = [
        ("channel", "{model}"),
        ("delay, ms", "{delay_ms:g}"),
        ("blocks at once", "{window}"),
        ("share of the ideal, %", "{percent:.1f}"),
        ("kbit/s", "{kbit_per_s:.0f}"),
        ("bursts repeated", "{repeated}"),
        ("blocks lost", "{lost}"),
    ]
    words = [
        ("level", "{aggregation}"),
        ("symbols", "{symbols}"),
        ("Es/N0, dB", "{return_snr_db:g}"),
        ("reports", "{reports}"),
        ("not read", "{unread}"),
        ("read wrongly", "{wrong}"),
    ]
    shown = (
        row | {"percent": 100 * row["share_of_ideal"], "kbit_per_s": row["bits"] / row["seconds"] / 1e3}
        for row in rows
    )
    return f"""# The return link: measured

`{made["command"]}`, {made["date"]}, commit {made["commit"]}.
{document["blocks"]} blocks of {BLOCK_BYTES} bytes at {SNR_DB:g} dB, symbols at {SYMBOL_RATE_HZ / 1e6:g} MHz,
seed {SEED}; the clock counts symbols and the delay of reports. Ideal: no wait at all.

{formatted(columns, shown)}
Reports as symbols, over AWGN:

{formatted(words, document["reports"])}"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.studies.return_link", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/return_link.json"))
    parser.add_argument("--blocks", type=int, default=64)
    parser.add_argument("--reports", type=int, default=2000, help="for every level and SNR")
    arguments = parser.parse_args()
    began = time.monotonic()
    found = study(arguments.blocks, arguments.reports)
    settings = {"seed": SEED, "seconds": round(time.monotonic() - began)}
    made = {**provenance(("semvid", "numba", "numpy")), "settings": settings}
    document: dict[str, Any] = {"provenance": made, **found}
    table = as_markdown(document)
    write(arguments.out, document, table)
    print(table)


if __name__ == "__main__":
    main()
