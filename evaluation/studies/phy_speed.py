"""How fast the physical layer is as a library: every function of `semvid.phy`, by scheme and payload.

    python -m evaluation.studies.phy_speed --out results/phy_speed.json

CPU seconds of one thread, batches of 32 transport blocks over AWGN at 1 dB above the measured 1 % threshold.
Writes the JSON, a Markdown table beside it, and prints the table.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from semvid import phy

SEED: Final = 38_212
BATCH: Final = 32
MCS: Final = (4, 9, 15, 23)  # QPSK, 16-, 64- and 256-QAM
PAYLOAD_BYTES: Final = (32, 512, 4096)
_ABOVE_DB: Final = 1.0
_PILOT_EVERY: Final = 32  # symbols
_COLUMNS: Final = (
    ("scheme", "{mcs}"),
    ("payload bytes", "{payload_bytes}"),
    ("SNR, dB", "{snr_db:.1f}"),
    ("encode, Mbit/s", "{encode:.1f}"),
    ("modulate", "{modulate:.1f}"),
    ("estimate", "{estimate:.1f}"),
    ("demap", "{demap:.1f}"),
    ("decode", "{decode:.1f}"),
    ("BLER", "{bler:.2f}"),
)


def measure(mcs: phy.Mcs, payload_bytes: int, repeats: int) -> dict[str, Any]:
    """One row: information bits by CPU second, in Mbit/s, of every step."""
    rng = np.random.default_rng([SEED, mcs.code, payload_bytes])
    snr_db = phy.snr_threshold_db(mcs, 8 * payload_bytes, 0.01) + _ABOVE_DB
    no = 10 ** (-snr_db / 10)
    payloads = rng.integers(0, 256, (BATCH, payload_bytes), np.uint8)
    bits = phy.encode(payloads, mcs)
    sent = phy.modulate(bits, mcs.qm)
    positions = np.arange(0, sent.shape[1], _PILOT_EVERY, dtype=np.int32)
    pilots = phy.pilot_symbols(len(positions))
    noise = (rng.normal(0, np.sqrt(no / 2), (*sent.shape, 2)) @ [1, 1j]).astype(np.complex64)
    with_pilots = sent.copy()
    with_pilots[:, positions] = pilots
    llrs = phy.demap(sent + noise, no, mcs.qm)
    steps: dict[str, Callable[[], Any]] = {
        "encode": lambda: phy.encode(payloads, mcs),
        "modulate": lambda: phy.modulate(bits, mcs.qm),
        "estimate": lambda: phy.estimate(with_pilots + noise, positions, pilots, mcs.qm),
        "demap": lambda: phy.demap(sent + noise, no, mcs.qm),
        "decode": lambda: phy.decode(llrs, payload_bytes, mcs),
    }
    speeds = {name: 8e-6 * payloads.size / _seconds(step, repeats) for name, step in steps.items()}
    bler = phy.decode(llrs, payload_bytes, mcs).bler
    return {"mcs": mcs.name, "payload_bytes": payload_bytes, "snr_db": snr_db, "bler": bler, **speeds}


def _seconds(step: Callable[[], Any], repeats: int) -> float:
    """The shortest of some runs, CPU seconds; one before them compiles and fills caches."""
    step()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        step()
        taken.append(time.process_time() - start)
    return max(min(taken), 1e-9)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    rows = [measure(phy.MCS_TABLE[code], size, given.repeats) for code in MCS for size in PAYLOAD_BYTES]
    facts = provenance(("numba", "numpy"))
    table = formatted(_COLUMNS, rows)
    heading = (
        "# Speed of the physical layer as a library\n\n"
        f"`{facts['command']}`, {facts['date']}, {facts['machine']}, commit {facts['commit']}.\n"
        f"Information bits by CPU second of one thread, batches of {BATCH} transport blocks over AWGN, "
        f"{_ABOVE_DB:g} dB\nabove the measured 1 % threshold. Estimates are from a pilot in 32 symbols.\n\n"
    )
    settings = {"seed": SEED, "batch": BATCH, "repeats": given.repeats}
    write(given.out, {"provenance": facts | {"settings": settings}, "rows": rows}, heading + table)
    print(table)


if __name__ == "__main__":
    main()
