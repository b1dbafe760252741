"""Separate source and channel coding on a folder of stills: the table that a learned code stands beside.

    python -m evaluation.studies.baseline --pictures DIR --judges DIR --out results/baseline

Fills ``records.jsonl``, a line for every picture, code and condition; what is there already is not sent
again, and a run that was cut off goes on. `run.json` says how; `report.md` and plots follow, also by
``python -m evaluation.studies.baseline_report results/baseline`` of what there is so far. Every picture has a
seed of its own, the same for all codes; schemes are chosen by block error rates measured with other draws.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evaluation.baseline.measured import Measures
from evaluation.baseline.pictures import read_picture, still_files
from evaluation.baseline.plan import TRIALS, candidate_plans
from evaluation.baseline.still_codes import STILL_CODES
from evaluation.baseline.still_ladder import StillLadder
from evaluation.baseline.stills import SentStill, budget_symbols, choose, send_still
from evaluation.method import Conditions
from evaluation.provenance import machine_free, provenance
from evaluation.studies.baseline_report import read, write_report
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.service.files import write_atomically

CBRS: Final = (0.01, 0.02, 0.04, 0.06, 0.08)
NTSCC_CBRS: Final = (0.0255, 0.0374, 0.0517, 0.0706)
SNRS_DB: Final = (0.0, 5.0, 10.0, 15.0, 20.0)
MODELS: Final = ("awgn", "rayleigh")
# One plan at every SNR: how a digital code falls. The CBR is one of NTSCC's points.
FIXED_CODE, FIXED_CBR, FIXED_SNR_DB = "av1", 0.0374, 10.0
FIXED_SNRS_DB: Final = tuple(float(snr_db) for snr_db in range(-2, 21, 2))
LPIPS_SNR_DB: Final = 10.0  # LPIPS costs more than all else together: it is taken at this SNR only
_PLANNING_SEED: Final = 0

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One condition; ``planned_snr_db`` over AWGN where the plan is fixed, None where it fits the channel."""

    model: str
    snr_db: float
    target_cbr: float
    planned_snr_db: float | None = None


def passes(codes: Sequence[str]) -> Iterator[tuple[str, list[Cell]]]:
    """All conditions, those first that most is drawn from: a run that is cut off leaves whole curves."""
    for model in MODELS:
        for code in codes:
            yield code, [Cell(model, LPIPS_SNR_DB, cbr) for cbr in sorted({*CBRS, *NTSCC_CBRS})]
            if code == FIXED_CODE:
                yield code, [Cell(model, snr_db, FIXED_CBR, FIXED_SNR_DB) for snr_db in FIXED_SNRS_DB]
    for snr_db in SNRS_DB:
        for model in MODELS:
            for code in codes:
                yield code, [Cell(model, snr_db, target_cbr) for target_cbr in CBRS]


class Judged:
    """What is measured of pictures as they are shown, once for each that is different."""

    def __init__(self, reference: Picture, measures: Measures) -> None:
        self._reference, self._measures = reference, measures
        self._known: dict[tuple[bool, bytes], dict[str, float]] = {}

    def of(self, picture: Picture, with_lpips: bool) -> dict[str, float]:
        """PSNR, MS-SSIM and, where asked for and possible, LPIPS; see `Measures.of`."""
        key = with_lpips, picture.tobytes()
        if key not in self._known:
            without = ("ssim",) if with_lpips else ("ssim", "lpips")
            self._known[key] = self._measures.of(self._reference, picture, without)
        return self._known[key]


def send(ladder: StillLadder, cell: Cell, seed: int, trials: int) -> SentStill:
    """One picture under one condition."""
    budget = budget_symbols(ladder.picture, cell.target_cbr)
    planned = Conditions(cell.snr_db, cell.model, seed=_PLANNING_SEED)
    if cell.planned_snr_db is not None:
        planned = Conditions(cell.planned_snr_db, "awgn", seed=_PLANNING_SEED)
    plan, choice = choose(ladder, candidate_plans(budget, planned, trials))
    return send_still(ladder, plan, choice, Conditions(cell.snr_db, cell.model, seed=seed))


def run(paths: Sequence[Path], codes: Sequence[str], out: Path, measures: Measures, trials: int) -> None:
    """Adds what is missing to ``records.jsonl``."""
    file = out / "records.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    there = {_key(record) for record in read(out)}
    with file.open("a", encoding="utf-8") as lines:
        for code, cells in passes(codes):
            for number, path in enumerate(paths):
                missing = [cell for cell in cells if _key(_about(path, code, cell)) not in there]
                for record in _records(path, number, code, missing, measures, trials) if missing else ():
                    there.add(_key(record))
                    lines.write(json.dumps(record) + "\n")
                    lines.flush()
            print(f"{code}: {cells[0]} and like it", flush=True)


def _records(
    path: Path, number: int, code: str, cells: Sequence[Cell], measures: Measures, trials: int
) -> Iterator[Record]:
    reference = read_picture(path)
    ladder, judged = StillLadder(STILL_CODES[code], reference), Judged(reference, measures)
    for cell in cells:
        about = _about(path, code, cell)
        try:
            sent = send(ladder, cell, number, trials)
        except InvalidInput as error:
            yield about | {"failed": str(error)}
            continue
        yield about | {
            "seed": number,
            "cbr": round(sent.cbr, 6),
            "lost": sent.lost,
            **judged.of(sent.picture, cell.snr_db == LPIPS_SNR_DB),
            "symbols": {name: count for name, count in sent.symbols.items() if count},
            **{name: value for name, value in sent.settings.items() if name != "encoder"},
        }


def _about(path: Path, code: str, cell: Cell) -> Record:
    return {
        "picture": path.stem,
        "code": code,
        "model": cell.model,
        "snr_db": cell.snr_db,
        "planned_snr_db": cell.planned_snr_db,
        "target_cbr": cell.target_cbr,
    }


def _key(record: Record) -> tuple[Any, ...]:
    names = ("picture", "code", "model", "snr_db", "planned_snr_db", "target_cbr")
    return tuple(record[name] for name in names)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of stills")
    parser.add_argument("--out", type=Path, required=True, help="folder for records, report and plots")
    parser.add_argument("--judges", type=Path, help="folder with lpips_squeeze.onnx")
    parser.add_argument("--codes", nargs="*", default=[*STILL_CODES], choices=[*STILL_CODES])
    parser.add_argument("--trials", type=int, default=TRIALS, help="pictures' worth for each scheme")
    given = parser.parse_args()
    paths = still_files([given.pictures])
    measures = Measures(given.judges)
    given.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "provenance": provenance(),
        "pictures": [path.name for path in paths],
        "coherence_symbols": {"awgn": None, "rayleigh": 256},
        "planning_seed": _PLANNING_SEED,
        "trials": given.trials,
        "encoders": {code: STILL_CODES[code].settings for code in given.codes},
    }
    write_atomically(given.out / "run.json", json.dumps(machine_free(facts), indent=1) + "\n")
    run(paths, given.codes, given.out, measures, given.trials)
    write_report(given.out, read(given.out))


if __name__ == "__main__":
    main()
