"""Measures the SNR that every MCS needs over AWGN and writes semvid/phy/mcs_thresholds.json.

    python scripts/measure_mcs.py [--out PATH]

For each MCS and payload size: find the waterfall from below in steps of 0.5 dB, sample it in steps of 0.2 dB,
and fit the error curve BLER = Q((snr - middle) / width) to the counts by maximum likelihood. Ideal channel
knowledge, first transmission (RV 0), 20 iterations. Each pair has its own seed: a rerun gives
the same table.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from evaluation.studies.error_curve import fit_error_curve
from semvid.phy import control_word, transport_block
from semvid.phy.control_word import AGGREGATION_LEVELS, ControlWord, Section
from semvid.phy.mcs import MCS_TABLE, Mcs
from semvid.phy.qam import demap, map_bits

OUT = Path(__file__).parents[1] / "semvid" / "phy" / "mcs_thresholds.json"
PAYLOAD_BYTES = (4, 16, 32, 128, 512, 1024)
TRIALS = 200
FINE_STEP_DB = 0.2
COARSE_STEP_DB = 0.5

Trial = Callable[[float, np.random.Generator], bool]  # SNR in dB -> lost?


def noisy(symbols: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    sigma = 10 ** (-snr_db / 20) / np.sqrt(2)
    noise = rng.standard_normal((len(symbols), 2), dtype=np.float32).view(np.complex64)[:, 0]
    return symbols + np.complex64(sigma) * noise


def transport_block_trial(payload_bytes: int, mcs: Mcs) -> Trial:
    def lost(snr_db: float, rng: np.random.Generator) -> bool:
        payload = rng.bytes(payload_bytes)
        symbols = map_bits(transport_block.encode(payload, mcs), mcs.qm)
        soft = transport_block.SoftTransportBlock(payload_bytes, mcs)
        soft.combine(demap(noisy(symbols, snr_db, rng), 10 ** (-snr_db / 10), mcs.qm), rv=0)
        return soft.decode() != payload

    return lost


def control_trial(aggregation: int) -> Trial:
    def lost(snr_db: float, rng: np.random.Generator) -> bool:
        word = ControlWord(int(rng.integers(16)), 0, None, Section(int(rng.integers(1, 8192)), MCS_TABLE[5]))
        symbols = noisy(control_word.modulate_control(word, aggregation), snr_db, rng)
        return control_word.decode_control(demap(symbols, 10 ** (-snr_db / 10), 2)) != word

    return lost


def measure(trial: Trial, start_db: float, seed: list[int]) -> dict[str, float]:
    rng = np.random.default_rng(seed)

    def count(snr_db: float, trials: int) -> tuple[int, int]:
        return trials, sum(trial(snr_db, rng) for _ in range(trials))

    snr_db = start_db
    while count(snr_db, 8)[1] < 8:
        snr_db -= COARSE_STEP_DB
    while count(snr_db, 8)[1] == 8:
        snr_db += COARSE_STEP_DB
    snr_db -= 2 * FINE_STEP_DB
    counts: dict[float, tuple[int, int]] = {}
    while True:
        counts[snr_db] = count(snr_db, TRIALS)
        if counts[snr_db][1] == 0 or len(counts) > 25:
            break
        snr_db += FINE_STEP_DB
    curve = fit_error_curve(counts)
    return {f"snr_db_at_{percent}": round(curve.snr_db(percent / 100), 3) for percent in (50, 10, 1)}


def one_line_each(document: dict[str, object]) -> str:
    """JSON with one line per MCS, so that a rerun shows what changed."""
    lines = []
    for key, value in document.items():
        if isinstance(value, dict):
            rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{rows}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    began = time.monotonic()
    table: dict[str, dict[str, list[float]]] = {}
    for mcs in MCS_TABLE.values():
        rows = []
        start_db = 10 * np.log10(2**mcs.spectral_efficiency - 1)
        for payload_bytes in reversed(PAYLOAD_BYTES):
            row = measure(transport_block_trial(payload_bytes, mcs), start_db, [mcs.code, payload_bytes])
            start_db = row["snr_db_at_50"]
            rows.insert(0, row)
        table[str(mcs.code)] = {key: [row[key] for row in rows] for key in rows[0]}
        print(f"{mcs.code:2d} {mcs.name:16s} {table[str(mcs.code)]['snr_db_at_10']}  "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
    control = {
        str(level): measure(control_trial(level), 6 - 10 * np.log10(level), [100, level])
        for level in AGGREGATION_LEVELS
    }
    document = {
        "about": "Es/N0 in dB at block error rates of 50, 10 and 1 %, AWGN; made by scripts/measure_mcs.py",
        "iterations": 20,
        "trials_per_point": TRIALS,
        "payload_bits": [8 * size for size in PAYLOAD_BYTES],
        "mcs": table,
        "control": control,
    }
    options.out.write_text(one_line_each(document), encoding="utf-8")
    print(f"wrote {options.out} after {time.monotonic() - began:.0f} s, {time.process_time():.0f} s of CPU")


if __name__ == "__main__":
    main()
