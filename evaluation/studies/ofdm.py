"""Measures OFDM against Sionna's link with the same settings.

    python -m evaluation.studies.ofdm [--out results/ofdm.json] [--blocks 300]

Slots of 14 OFDM symbols and six resource blocks over TDL-A, 100 ns, 5 Hz; the same code, modulation, pilots
and 20 iterations. Three error rates: our receiver over our channel; Sionna's receiver over the very same
received slots; Sionna's receiver over Sionna's own TDL-A. Sionna's knows the channel's covariance in time and
frequency and the noise power (LMMSE estimation, LMMSE equaliser), ours is told neither. Writes the JSON and a
Markdown table beside it. Needs the `reference` extra (Sionna).
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sionna.phy.channel import ApplyOFDMChannel, cir_to_ofdm_channel, subcarrier_frequencies
from sionna.phy.channel.tr38901 import TDL
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Demapper
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import (
    LMMSEChannelEstimator,
    LMMSEEqualizer,
    PilotPattern,
    ResourceGrid,
    tdl_freq_cov_mat,
    tdl_time_cov_mat,
)

from channel.conditions import Conditions
from channel.noise import receive
from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from semvid.phy.arrays import Symbols
from semvid.phy.framing import framing_of
from semvid.phy.grid import COMB, PILOT_EVERY, pilot_rows
from semvid.phy.layout import DENSE_SPACING
from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.ldpc.base_graphs import ldpc_code
from semvid.phy.pilots import pilot_symbols
from semvid.phy.qam import demap, map_bits
from semvid.phy.segmentation import choose_base_graph
from semvid.waveform import Ofdm

SEED = 38_901
ITERATIONS = 20
GRID = Ofdm(0, 6)
ROWS = 14
DELAY_SPREAD_NS, DOPPLER_HZ = 100.0, 5.0
_CARRIER_HZ = 2e9
_SPEED = DOPPLER_HZ * 299_792_458.0 / _CARRIER_HZ  # m/s
DATA_SYMBOLS = ROWS * GRID.subcarriers - len(pilot_rows(ROWS)) * (GRID.subcarriers // COMB)
SNRS_DB = {2: (2.0, 5.0, 8.0, 11.0), 4: (8.0, 11.0, 14.0, 17.0)}


@dataclass(frozen=True)
class Slots:
    """What was sent, [count, ...] each.

    Attributes:
        bits: uint8[count, information].
        symbols: complex64[count, resource elements], flattened as a burst is.
    """

    bits: NDArray[np.uint8]
    symbols: NDArray[np.complex64]


class Link:
    """One modulation at rate 1/2 over one slot, received in our way and in Sionna's."""

    def __init__(self, qm: int) -> None:
        self.qm, self.coded, self.information = qm, DATA_SYMBOLS * qm, DATA_SYMBOLS * qm // 2
        self._graph = choose_base_graph(self.information, 0.5)
        self._code = ldpc_code(self._graph, self.information)
        self._framing = framing_of(GRID)
        self._places = self._framing.layout(DATA_SYMBOLS, DENSE_SPACING)
        if len(self._places.data) != DATA_SYMBOLS or self._places.total != ROWS * GRID.subcarriers:
            raise RuntimeError("the slot has no room left and none too little; see semvid.phy.grid")
        self._pilots = pilot_symbols(len(self._places.pilots))
        self._prepare_sionna()

    def slots(self, count: int, rng: np.random.Generator) -> Slots:
        """Random ones."""
        bits = rng.integers(0, 2, (count, self.information)).astype(np.uint8)
        symbols = np.empty((count, self._places.total), np.complex64)
        for slot, row in zip(symbols, bits, strict=True):
            word = encoder.encode(self._code, row)
            matched = rate_matching.rate_match(word, self._code, self.coded, self.qm, rv=0)
            slot[self._places.pilots] = self._pilots
            slot[self._places.data] = map_bits(matched, self.qm)
        return Slots(bits, symbols)

    def over_our_channel(self, slots: Slots, snr_db: float) -> NDArray[np.complex64]:
        """Every slot over a channel of its own."""
        received = np.empty_like(slots.symbols)
        for seed, slot in enumerate(slots.symbols):
            conditions = Conditions(
                model="tdl-a", snr_db=snr_db, seed=SEED + seed,
                delay_spread_ns=DELAY_SPREAD_NS, doppler_hz=DOPPLER_HZ,
            )  # fmt: skip
            received[seed] = receive(slot, conditions, 0, 0, GRID)
        return received

    def over_sionnas_channel(self, slots: Slots, snr_db: float) -> NDArray[np.complex64]:
        """The same with Sionna's TDL-A and noise."""
        count = len(slots.symbols)
        channel = TDL("A", DELAY_SPREAD_NS * 1e-9, _CARRIER_HZ, min_speed=_SPEED, max_speed=_SPEED)
        gains, delays = channel(count, ROWS, 1 / GRID.symbol_s)
        frequencies = subcarrier_frequencies(GRID.subcarriers, GRID.spacing_hz)
        response = cir_to_ofdm_channel(frequencies, gains, delays)
        sent = torch.from_numpy(slots.symbols).reshape(count, 1, 1, ROWS, GRID.subcarriers)
        received = ApplyOFDMChannel()(sent, response, torch.tensor(10 ** (-snr_db / 10), dtype=torch.float32))
        return received.reshape(count, -1).numpy()  # type: ignore[no-any-return]

    def lost_by_us(self, slots: Slots, received: NDArray[np.complex64]) -> NDArray[np.bool_]:
        """Whether each slot was decoded wrongly by our receiver, bool[count]."""
        lost = np.zeros(len(received), np.bool_)
        nothing = np.zeros(self._places.total, np.int8)
        for number, slot in enumerate(received):
            burst = slot.astype(np.complex128)
            channel = self._framing.estimate(burst, self._places.pilots, self._pilots, nothing)
            equalised, noise = channel.equalise(burst, self._places.data)
            llrs = demap(equalised, noise, self.qm)
            buffer = rate_matching.new_soft_buffer(self._code)
            rate_matching.accumulate(buffer, llrs, self._code, self.qm, rv=0)
            decoded = decoder.decode(self._code, buffer, ITERATIONS).bits
            lost[number] = not np.array_equal(decoded, slots.bits[number])
        return lost

    def lost_by_sionna(
        self, slots: Slots, received: NDArray[np.complex64], snr_db: float
    ) -> NDArray[np.bool_]:
        """The same by Sionna's."""
        no = torch.tensor(10 ** (-snr_db / 10), dtype=torch.float32)
        grids = torch.from_numpy(received).reshape(-1, 1, 1, ROWS, GRID.subcarriers)
        with torch.no_grad():
            gain, error = self._estimator(grids, no)
            equalised, noise = self._equaliser(grids, gain, error, no)
            llrs = self._demapper(equalised, noise).reshape(len(received), DATA_SYMBOLS, self.qm)
            decoded = self._decoder(llrs[:, self._ranks].reshape(len(received), -1)).numpy()
        wrong: NDArray[np.bool_] = np.any(decoded != slots.bits, axis=1)
        return wrong

    def _prepare_sionna(self) -> None:
        mask = np.zeros((1, 1, ROWS * GRID.subcarriers), bool)
        mask[0, 0, self._places.pilots] = True
        pattern = PilotPattern(mask.reshape(1, 1, ROWS, GRID.subcarriers), self._in_order(self._pilots))
        grid = ResourceGrid(ROWS, GRID.subcarriers, GRID.spacing_hz, pilot_pattern=pattern)
        in_time = tdl_time_cov_mat("A", _SPEED, _CARRIER_HZ, GRID.symbol_s, ROWS)
        in_frequency = tdl_freq_cov_mat("A", GRID.spacing_hz, GRID.subcarriers, DELAY_SPREAD_NS * 1e-9)
        self._estimator = LMMSEChannelEstimator(grid, in_time, in_frequency, order="f-t")
        self._equaliser = LMMSEEqualizer(grid, StreamManagement(np.array([[1]]), 1))
        self._demapper = Demapper("app", "qam", self.qm)
        graph = f"bg{self._graph}"
        code = LDPC5GEncoder(self.information, self.coded, num_bits_per_symbol=self.qm, bg=graph)
        self._decoder = LDPC5GDecoder(code, num_iter=ITERATIONS)
        # Sionna reads data in the order of the grid; ours is spread over it
        self._ranks = torch.from_numpy(np.argsort(np.argsort(self._places.data)).astype(np.int64))

    def _in_order(self, pilots: Symbols) -> NDArray[np.complex64]:
        return pilots[np.argsort(self._places.pilots)].reshape(1, 1, -1)


def measure(qm: int, blocks: int) -> dict[str, Any]:
    """Error rates at every SNR, and how much better our receiver is at the middle of them."""
    link, rng = Link(qm), np.random.default_rng([SEED, qm])
    torch.manual_seed(SEED)
    points: list[dict[str, Any]] = []
    for snr_db in SNRS_DB[qm]:
        slots = link.slots(blocks, rng)
        ours, theirs = link.over_our_channel(slots, snr_db), link.over_sionnas_channel(slots, snr_db)
        points.append(
            {
                "snr_db": snr_db,
                "blocks": blocks,
                "lost": int(link.lost_by_us(slots, ours).sum()),
                "sionna_lost_same_slots": int(link.lost_by_sionna(slots, ours, snr_db).sum()),
                "sionna_lost_own_channel": int(link.lost_by_sionna(slots, theirs, snr_db).sum()),
            }
        )
    return {
        "qm": qm,
        "information": link.information,
        "coded": link.coded,
        "points": points,
        "better_than_sionna_db": round(distance_db(points), 3),
    }


def distance_db(points: list[dict[str, Any]]) -> float:
    """By how many dB less SNR our receiver loses as many of the same slots.

    The mean distance of both in log10 of the rate, over the slope of a straight line through them.
    """
    snr_db = np.array([point["snr_db"] for point in points])
    blocks = np.array([point["blocks"] for point in points])
    ours, theirs = (
        np.log10((np.array([point[name] for point in points]) + 0.5) / (blocks + 1))
        for name in ("lost", "sionna_lost_same_slots")
    )
    slope = np.polyfit(snr_db, (ours + theirs) / 2, 1)[0]
    return float(np.mean(theirs - ours) / -slope)


def as_markdown(document: dict[str, Any]) -> str:
    """The table of the report."""
    made = document["provenance"]
    columns = [
        ("modulation", "{modulation}"),
        ("SNR", "{snr_db:g}"),
        ("blocks", "{blocks}"),
        ("BLER ours", "{ours:.3f}"),
        ("Sionna, same slots", "{same:.3f}"),
        ("Sionna, its own TDL-A", "{own:.3f}"),
        ("ours better by, dB", "{better:+.2f}"),
    ]
    rows = (
        {
            "modulation": {2: "QPSK", 4: "16QAM"}[case["qm"]],
            **point,
            "ours": point["lost"] / point["blocks"],
            "same": point["sionna_lost_same_slots"] / point["blocks"],
            "own": point["sionna_lost_own_channel"] / point["blocks"],
            "better": case["better_than_sionna_db"],
        }
        for case in document["cases"]
        for point in case["points"]
    )
    settings = (
        f"TDL-A, {DELAY_SPREAD_NS:g} ns, {DOPPLER_HZ:g} Hz; slots of {ROWS} OFDM symbols, "
        f"{GRID.resource_blocks} resource blocks, {GRID.spacing_hz / 1e3:g} kHz; pilots on every {COMB}th "
        f"subcarrier of every {PILOT_EVERY}th OFDM symbol; LDPC of rate 1/2, {ITERATIONS} iterations."
    )
    return f"""# OFDM against Sionna's link: measured

`{made["command"]}`, {made["date"]}, commit {made["commit"]}.
{settings}
Sionna's receiver knows the channel's covariance and the noise power, ours neither.
Better by: at the same block error rate, over the same slots.

{formatted(columns, rows)}"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.studies.ofdm", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/ofdm.json"))
    parser.add_argument("--blocks", type=int, default=300, help="for every SNR")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    cases = []
    for qm in SNRS_DB:
        cases.append(measure(qm, arguments.blocks))
        print(f"{time.monotonic() - began:5.0f} s  {cases[-1]}", flush=True)
    settings = {"iterations": ITERATIONS, "seed": SEED, "seconds": round(time.monotonic() - began)}
    made = {**provenance(("semvid", "numba", "numpy", "sionna-no-rt", "torch")), "settings": settings}
    document: dict[str, Any] = {"provenance": made, "cases": cases}
    table = as_markdown(document)
    write(arguments.out, document, table)
    print(table)


if __name__ == "__main__":
    main()
