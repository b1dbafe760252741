"""Measures the physical layer against Sionna and against theory.

    python -m evaluation.studies.phy [--out results/phy.json] [--quick]

Both decoders get the same noisy LLRs: 20 iterations each, ideal knowledge of the channel. Speeds are CPU
seconds of one thread. Writes the JSON, a Markdown table beside it, and prints the table. Needs the
`reference` extra (Sionna). With --quick: fewer blocks, for a look in a minute or two.
"""

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

from channel.conditions import Conditions
from channel.instants import Instants
from channel.models import MODELS
from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from evaluation.studies.error_curve import fit_error_curve
from evaluation.studies.phy_theory import (
    normal_approximation_snr_db,
    rayleigh_qpsk_ber,
    rician_qpsk_ber,
    uncoded_ber,
)
from semvid.phy import warm_up
from semvid.phy.arrays import Bits, Llrs
from semvid.phy.block import Block, BlockReceiver, TransportBlock, modulate
from semvid.phy.layout import PILOT_SPACINGS
from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.ldpc.base_graphs import LdpcCode, ldpc_code
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.qam import demap, map_bits
from semvid.phy.segmentation import choose_base_graph

SEED = 38_212
ITERATIONS = 20
RICIAN_K_DB = 6.0
UNCODED = ((2, 4.0), (2, 7.0), (4, 10.0), (6, 16.0), (8, 22.0))  # bits per symbol, SNR in dB


@dataclass(frozen=True)
class Case:
    """One code at rate 1/2 and the SNR in dB about which its waterfall lies."""

    qm: int
    information: int
    coded: int
    centre_db: float

    @property
    def code(self) -> LdpcCode:
        """Our code, base graph by TS 38.212 clause 7.2.2."""
        return ldpc_code(choose_base_graph(self.information, 0.5), self.information)


CASES = (
    Case(2, 1024, 2048, 1.05),
    Case(2, 4224, 8448, 0.85),
    Case(4, 1024, 2048, 6.2),
    Case(4, 4224, 8448, 6.05),
    Case(6, 1026, 2052, 10.4),
    Case(6, 4224, 8448, 10.25),
)


def awgn(symbols: NDArray[Any], snr_db: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    """``symbols`` of unit power and noise."""
    noise = rng.standard_normal((len(symbols), 2)).view(np.complex128)[:, 0]
    return symbols + noise * math.sqrt(10 ** (-snr_db / 10) / 2)


def noisy_blocks(
    case: Case, snr_db: float, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Information bits uint8[count, information] and LLRs float32[count, coded] after AWGN."""
    bits = rng.integers(0, 2, (count, case.information)).astype(np.uint8)
    no = 10 ** (-snr_db / 10)
    llrs = np.empty((count, case.coded), np.float32)
    for block in range(count):
        word = encoder.encode(case.code, bits[block])
        symbols = map_bits(rate_matching.rate_match(word, case.code, case.coded, case.qm, rv=0), case.qm)
        llrs[block] = demap(awgn(symbols, snr_db, rng).astype(np.complex64), no, case.qm)
    return bits, llrs


def decode_ours(case: Case, llrs: Llrs) -> Bits:
    """Decodes one block: float32[coded] to uint8[information]."""
    buffer = rate_matching.new_soft_buffer(case.code)
    rate_matching.accumulate(buffer, llrs, case.code, case.qm, rv=0)
    return decoder.decode(case.code, buffer, ITERATIONS).bits


class SionnaDecoder:
    """Sionna's decoder with its default check rule (exact box-plus, flooding schedule)."""

    def __init__(self, case: Case) -> None:
        graph = f"bg{case.code.base_graph}"
        code = LDPC5GEncoder(case.information, case.coded, num_bits_per_symbol=case.qm, bg=graph)
        self._decoder = LDPC5GDecoder(code, num_iter=ITERATIONS)

    def decode(self, llrs: NDArray[np.float32]) -> NDArray[np.uint8]:
        """float32[count, coded] to uint8[count, information]."""
        with torch.no_grad():
            decoded: NDArray[np.float32] = self._decoder(torch.from_numpy(-llrs)).numpy()
        return decoded.astype(np.uint8)


def measure_case(case: Case, blocks: int, reference_blocks: int) -> dict[str, Any]:
    """Error curves and speeds of both decoders for one code."""
    rng = np.random.default_rng([SEED, case.qm, case.information])
    reference = SionnaDecoder(case)
    points: list[dict[str, Any]] = []
    for offset_db in (-0.3, -0.15, 0.0, 0.15, 0.3, 0.45):
        snr_db = round(case.centre_db + offset_db, 3)
        bits, llrs = noisy_blocks(case, snr_db, blocks, rng)
        ours_bits = np.array([decode_ours(case, block) for block in llrs])
        lost = np.any(ours_bits != bits, axis=1)
        first = slice(0, reference_blocks)
        lost_by_reference = np.any(reference.decode(llrs[first]) != bits[first], axis=1)
        points.append(
            {
                "snr_db": snr_db,
                "blocks": blocks,
                "lost": int(lost.sum()),
                "sionna_blocks": reference_blocks,
                "sionna_lost": int(lost_by_reference.sum()),
            }
        )
    ours = fit_error_curve({p["snr_db"]: (p["blocks"], p["lost"]) for p in points})
    theirs = fit_error_curve({p["snr_db"]: (p["sionna_blocks"], p["sionna_lost"]) for p in points})
    bounds = {
        bler: normal_approximation_snr_db(case.information, case.coded // case.qm, case.qm, bler)
        for bler in (0.1, 0.01)
    }
    return {
        **{k: v for k, v in asdict(case).items() if k != "centre_db"},
        "base_graph": case.code.base_graph,
        "points": points,
        "snr_db_at_10": round(ours.snr_db(0.1), 3),
        "snr_db_at_1": round(ours.snr_db(0.01), 3),
        "sionna_snr_db_at_10": round(theirs.snr_db(0.1), 3),
        "better_than_sionna_db": round(theirs.snr_db(0.1) - ours.snr_db(0.1), 3),
        "normal_approximation_snr_db_at_10": round(bounds[0.1], 3),
        "normal_approximation_snr_db_at_1": round(bounds[0.01], 3),
        "from_normal_approximation_db": round(ours.snr_db(0.1) - bounds[0.1], 3),
        **measure_speed(case, reference, ours.snr_db(0.01) + 0.5, rng),
    }


def measure_speed(
    case: Case, reference: SionnaDecoder, snr_db: float, rng: np.random.Generator
) -> dict[str, float]:
    """Information Mbit per CPU second, decoders alone, half a dB above our 1 % point."""
    bits, llrs = noisy_blocks(case, snr_db, 100, rng)
    began = time.process_time()
    for block in llrs:
        decode_ours(case, block)
    ours = bits.size / (time.process_time() - began) / 1e6
    part = llrs[:20]
    reference.decode(part[:1])
    began = time.process_time()
    reference.decode(part)
    theirs = bits[:20].size / (time.process_time() - began) / 1e6
    return {
        "speed_snr_db": round(snr_db, 2),
        "mbit_per_s": round(ours, 2),
        "sionna_mbit_per_s": round(theirs, 4),
        "times_as_fast": round(ours / theirs, 1),
    }


def measure_uncoded(symbols: int) -> list[dict[str, Any]]:
    """Bit error rates without a code over AWGN, and over the channel package's fading with known gain."""
    rng = np.random.default_rng([SEED, 1])
    rows = []
    for qm, snr_db in UNCODED:
        bits = rng.integers(0, 2, qm * symbols).astype(np.uint8)
        rows.append(_uncoded_row("awgn", qm, snr_db, bits, np.ones(symbols), uncoded_ber(qm, snr_db), rng))
    for model in ("rayleigh", "rician"):
        conditions = Conditions(model=model, coherence_symbols=1, rician_k_db=RICIAN_K_DB, seed=SEED)
        instants = Instants.of_single_carrier(0, symbols, conditions.symbol_rate_hz, paused_s=0.0)
        gains = MODELS[model](conditions, instants)[0].gain
        for snr_db in (5.0, 15.0):
            rayleigh = model == "rayleigh"
            expected = rayleigh_qpsk_ber(snr_db) if rayleigh else rician_qpsk_ber(snr_db, RICIAN_K_DB)
            bits = rng.integers(0, 2, 2 * symbols).astype(np.uint8)
            rows.append(_uncoded_row(model, 2, snr_db, bits, gains, expected, rng))
    return rows


def _uncoded_row(
    model: str,
    qm: int,
    snr_db: float,
    bits: Bits,
    gains: NDArray[Any],
    expected: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    no = 10 ** (-snr_db / 10)
    received = (awgn(gains * map_bits(bits, qm), snr_db, rng) / gains).astype(np.complex64)
    errors = int(np.count_nonzero((demap(received, no / np.abs(gains) ** 2, qm) < 0) != bits))
    return {
        "model": model,
        "qm": qm,
        "snr_db": snr_db,
        "bits": len(bits),
        "ber": errors / len(bits),
        "closed_form": expected,
        "deviation_sigma": round((errors - expected * len(bits)) / math.sqrt(expected * len(bits)), 2),
    }


def measure_bursts() -> list[dict[str, Any]]:
    """CPU milliseconds to modulate and to receive whole bursts, control word and estimation included."""
    rng = np.random.default_rng([SEED, 2])
    rows: list[dict[str, Any]] = []
    cases = ((90, 3, 5.0), (230, 9, 11.0), (600, 19, 20.0), (700, 9, 11.0))
    for (bulk_bytes, code, snr_db), spacing in product(cases, PILOT_SPACINGS):
        bulk = TransportBlock(rng.bytes(bulk_bytes), MCS_TABLE[code])
        block = Block(0, 0, TransportBlock(rng.bytes(40), MCS_TABLE[3]), bulk, 2, spacing)
        symbols = modulate(block)
        received = awgn(symbols, snr_db, rng).astype(np.complex64)
        turns = 50
        began = time.process_time()
        for _ in range(turns):
            modulate(block)
        between = time.process_time()
        decoded = [BlockReceiver().receive(received).bulk for _ in range(turns)]
        ended = time.process_time()
        rows.append(
            {
                "symbols": len(symbols),
                "bulk_bytes": bulk_bytes,
                "mcs": code,
                "pilot_spacing": spacing,
                "decoded": sum(payload == bulk.payload for payload in decoded) / turns,
                "modulate_ms": round((between - began) / turns * 1e3, 2),
                "receive_ms": round((ended - between) / turns * 1e3, 2),
            }
        )
    return rows


def as_markdown(document: dict[str, Any]) -> str:
    """The tables of the report."""
    made = document["provenance"]
    names = {2: "QPSK", 4: "16QAM", 6: "64QAM", 8: "256QAM"}
    coded, uncoded = (
        [row | {"modulation": names[row["qm"]]} for row in document[part]] for part in ("coded", "uncoded")
    )
    codes = [
        ("modulation", "{modulation}"),
        ("info bits", "{information}"),
        ("ours 10 % / 1 %", "{snr_db_at_10:.2f} / {snr_db_at_1:.2f}"),
        ("Sionna", "{sionna_snr_db_at_10:.2f}"),
        ("ours better by", "{better_than_sionna_db:+.2f}"),
        ("normal approximation", "{normal_approximation_snr_db_at_10:.2f}"),
        ("ours from it", "{from_normal_approximation_db:+.2f}"),
        ("Mbit/s ours", "{mbit_per_s:.2f}"),
        ("Sionna", "{sionna_mbit_per_s:.3f}"),
        ("ratio", "{times_as_fast:.0f}"),
    ]
    bit_errors = [
        ("uncoded", "{model}, {modulation}"),
        ("SNR", "{snr_db:g}"),
        ("measured BER", "{ber:.4e}"),
        ("closed form", "{closed_form:.4e}"),
        ("deviation (sigma)", "{deviation_sigma:+.1f}"),
    ]
    bursts = [
        ("burst symbols", "{symbols}"),
        ("bulk bytes", "{bulk_bytes}"),
        ("MCS", "{mcs.name}"),
        ("one pilot in", "{pilot_spacing}"),
        ("modulate ms", "{modulate_ms:.2f}"),
        ("receive ms", "{receive_ms:.2f}"),
    ]
    points = [
        ("modulation", "{modulation}"),
        ("info bits", "{information}"),
        ("SNR", "{snr_db:.2f}"),
        ("BLER ours", "{ours:.4f} of {blocks}"),
        ("BLER Sionna", "{sionna:.3f} of {sionna_blocks}"),
    ]
    rates = (
        {**c, **p, "ours": p["lost"] / p["blocks"], "sionna": p["sionna_lost"] / p["sionna_blocks"]}
        for c in coded
        for p in c["points"]
    )
    return f"""# Physical layer: measured

`{made["command"]}`, {made["date"]}, commit {made["commit"]}.
Rate 1/2 over AWGN, ideal channel knowledge, {ITERATIONS} iterations, speeds in CPU seconds
of one thread. SNR is Es/N0 in dB; at a BLER of 10 % unless the column says otherwise.

{formatted(codes, coded)}
{formatted(bit_errors, uncoded)}
{formatted(bursts, ({**b, "mcs": MCS_TABLE[b["mcs"]]} for b in document["bursts"]))}
{formatted(points, rates)}"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.studies.phy", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/phy.json"))
    parser.add_argument("--quick", action="store_true", help="fewer blocks")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warm_up()
    began = time.monotonic()
    coded = []
    for case in CASES:
        long = case.information > 2000
        blocks, reference_blocks = (
            (300, 20 if long else 60) if arguments.quick else (1500, 100 if long else 300)
        )
        coded.append(measure_case(case, blocks, reference_blocks))
        print(f"{time.monotonic() - began:5.0f} s  {json.dumps({**coded[-1], 'points': '...'})}", flush=True)
    document: dict[str, Any] = {
        "coded": coded,
        "uncoded": measure_uncoded(100_000 if arguments.quick else 500_000),
        "bursts": measure_bursts(),
    }
    settings = {
        "iterations": ITERATIONS,
        "seed": SEED,
        "threads": 1,
        "rician_k_db": RICIAN_K_DB,
        "sionna_check_rule": "boxplus-phi, flooding",
        "quick": arguments.quick,
        "seconds": round(time.monotonic() - began),
    }
    made = {**provenance(("semvid", "numba", "numpy", "sionna-no-rt", "torch")), "settings": settings}
    document = {"provenance": made, **document}
    table = as_markdown(document)
    write(arguments.out, document, table)
    print(table)


if __name__ == "__main__":
    main()
