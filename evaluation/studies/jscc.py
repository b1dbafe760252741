"""The learned joint source-channel code on Kodak, beside AV1 with LDPC and beside NTSCC's published points.

    python -m evaluation.studies.jscc --pictures DIR --judges DIR --out results/jscc.json

At 10 dB over AWGN at NTSCC's four ratios, with a rate map that is made for 10 dB and with one that arrives
down to -2 dB; and at one ratio, made for 10 dB, over -2 to 20 dB. Records of AV1 are those of
`evaluation.studies.baseline`, where ``--baseline`` has the picture; the curve is drawn of those pictures.
Every picture has the seed that it has there. Writes the JSON, a table and a plot beside it.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.baseline.learned import JSCC, MAP_MARGIN_DB, LearnedStill
from evaluation.baseline.measured import Measures
from evaluation.baseline.pictures import read_picture, still_files
from evaluation.baseline.stills import budget_symbols
from evaluation.method import Conditions
from evaluation.provenance import provenance, write
from evaluation.studies.baseline import FIXED_CBR, FIXED_SNR_DB, FIXED_SNRS_DB, NTSCC_CBRS
from evaluation.studies.baseline_report import PUBLISHED, read
from semvid.images.jscc.networks import Networks, shipped

Record = dict[str, Any]
MARGINS_DB: Final = (0.0, MAP_MARGIN_DB)
"""Of the rate map, see `evaluation.baseline.learned`."""
_RIVAL: Final = "av1"
_MEASURES: Final = (("psnr_db", "PSNR, dB", 2), ("ms_ssim", "MS-SSIM", 4), ("lpips", "LPIPS", 4))
_STYLE: Final = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
}


def send_all(
    paths: Sequence[Path], fallen: Sequence[str], networks: Networks, measures: Measures
) -> list[Record]:
    """A record for every picture and condition.

    Args:
        paths: pictures; the place of each in this list is its seed.
        fallen: names of those that are sent at every SNR.
        networks, measures: to code and to judge with.
    """
    records: list[Record] = []
    for seed, path in enumerate(paths):
        picture = read_picture(path)
        snrs_db = FIXED_SNRS_DB if path.stem in fallen else ()
        for margin_db in MARGINS_DB:
            still = LearnedStill(networks, picture, Conditions(FIXED_SNR_DB), margin_db)
            cells = [(cbr, FIXED_SNR_DB) for cbr in NTSCC_CBRS]
            cells += [(FIXED_CBR, snr_db) for snr_db in snrs_db if margin_db and snr_db != FIXED_SNR_DB]
            for target_cbr, snr_db in cells:
                sent = still.send(budget_symbols(picture, target_cbr), Conditions(snr_db, seed=seed))
                judged = snr_db == FIXED_SNR_DB and path.stem in fallen  # what takes longest
                without = ("ssim",) if judged else ("ssim", "ms_ssim", "lpips")
                records.append(
                    {
                        "picture": path.stem,
                        "code": JSCC,
                        "snr_db": snr_db,
                        "target_cbr": target_cbr,
                        "map_margin_db": margin_db,
                        "seed": seed,
                        "cbr": round(sent.cbr, 6),
                        "lost": sent.lost,
                        **measures.of(picture, sent.picture, without),
                        "symbols": {name: count for name, count in sent.symbols.items() if count},
                        "side_bytes": sent.settings["side_bytes"],
                        "mcs_of_map": sent.settings["mcs"],
                    }
                )
        print(f"{path.name} done", flush=True)
    return records


def rivals(baseline: Path, names: Iterable[str]) -> list[Record]:
    """AV1 over AWGN made for 10 dB, of a folder of `evaluation.studies.baseline`, for these pictures."""
    wanted = set(names)
    return [
        record
        for record in read(baseline)
        if record["code"] == _RIVAL
        and record["model"] == "awgn"
        and record["picture"] in wanted
        and (record["planned_snr_db"] == FIXED_SNR_DB or record["snr_db"] == FIXED_SNR_DB)
        and record["target_cbr"] in NTSCC_CBRS
        and "failed" not in record
    ]


def mean(records: Iterable[Record], name: str, **wanted: Any) -> float | None:
    """Of a measure over records with these values; None where there is none."""
    values = [
        record[name]
        for record in records
        if name in record and all(record.get(key) == value for key, value in wanted.items())
    ]
    return fmean(values) if values else None


def text(document: dict[str, Any]) -> str:
    """Markdown."""
    records, av1 = document["records"], document["rivals"]
    every = {record["picture"] for record in records}
    both = {record["picture"] for record in av1}
    ours = [record for record in records if record["picture"] in both]
    low = FIXED_SNR_DB - MAP_MARGIN_DB
    lines = [
        "# The learned joint source-channel code",
        "",
        "`make bench-jscc`: what it is, how it is counted and why it is where it is: [docs/jscc.md]"
        "(../docs/jscc.md). Every record is in `jscc.json`. CBR counts everything "
        "([docs/cbr.md](../docs/cbr.md)): pilots, control words, the rate map. Trained for the mean squared "
        "error; MS-SSIM and LPIPS are judges that it was not trained for.",
        "",
        f"## At {FIXED_SNR_DB:g} dB, AWGN: {len(every)} pictures",
        "",
        "PSNR in dB. NTSCC is published (24 pictures; its CBR leaves out pilots and control words, and its "
        "side information arrives free of errors).",
        "",
        f"| CBR | NTSCC, published | jscc, map made for {FIXED_SNR_DB:g} dB | jscc, map down to {low:g} dB |",
        "|---|---|---|---|",
        *(_published_row(records, cbr, published) for _, cbr, _, published, _ in PUBLISHED),
        "",
        f"## Beside AV1 with LDPC at {FIXED_SNR_DB:g} dB: {len(both)} pictures",
        "",
        "Of AV1 the records of [baseline/report.md](baseline/report.md), the same pictures and seeds.",
        "",
        f"| CBR | measure | av1 | jscc, map made for {FIXED_SNR_DB:g} dB | jscc, map down to {low:g} dB |",
        "|---|---|---|---|---|",
        *(
            f"| {cbr} | {label} | {_number(mean(av1, name, target_cbr=cbr, planned_snr_db=None), digits)} | "
            f"{_number(mean(ours, name, target_cbr=cbr, snr_db=FIXED_SNR_DB, map_margin_db=0.0), digits)} | "
            + _number(
                mean(ours, name, target_cbr=cbr, snr_db=FIXED_SNR_DB, map_margin_db=MAP_MARGIN_DB), digits
            )
            + " |"
            for cbr in NTSCC_CBRS
            for name, label, digits in _MEASURES
        ),
        "",
        f"## One setting, made for {FIXED_SNR_DB:g} dB, at every SNR: CBR {FIXED_CBR}, {len(both)} pictures",
        "",
        "![PSNR by SNR](jscc.png)",
        "",
        "A picture that is lost counts as the grey that is shown.",
        "",
        "| SNR, dB | av1 | lost | jscc | lost |",
        "|---|---|---|---|---|",
        *(_fallen_row(av1, ours, snr_db) for snr_db in FIXED_SNRS_DB),
        "",
    ]
    return "\n".join(lines)


def plot(document: dict[str, Any], path: Path) -> None:
    """PSNR by SNR of both codes at one setting, with the published point."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6, 3.8), layout="constrained")
        axes = figure.add_subplot()
        both = {record["picture"] for record in document["rivals"]}
        ours = [record for record in document["records"] if record["picture"] in both]
        for records, more, colour, mark, label in (
            (document["rivals"], {"planned_snr_db": FIXED_SNR_DB}, "#c2487f", "o", "AV1 + LDPC"),
            (ours, {"map_margin_db": MAP_MARGIN_DB}, "#3b82c4", "s", "learned code"),
        ):
            values = [
                (snr_db, value)
                for snr_db in FIXED_SNRS_DB
                if (value := mean(records, "psnr_db", snr_db=snr_db, target_cbr=FIXED_CBR, **more))
                is not None
            ]
            axes.plot(*zip(*values, strict=True), color=colour, marker=mark, markersize=4, label=label)
        for scheme, cbr, snr_db, psnr_db, _ in PUBLISHED:
            if cbr == FIXED_CBR:
                axes.plot(snr_db, psnr_db, "k*", markersize=9, label=f"{scheme}, published (24 pictures)")
        axes.set_xlabel("SNR, dB (AWGN)")
        axes.set_ylabel("PSNR, dB")
        axes.set_title(
            f"One setting made for {FIXED_SNR_DB:g} dB, CBR {FIXED_CBR}, {len(both)} Kodak pictures"
        )
        axes.legend()
        FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _published_row(records: Sequence[Record], cbr: float, published: float) -> str:
    cells = []
    for margin_db in MARGINS_DB:
        wanted = {"target_cbr": cbr, "snr_db": FIXED_SNR_DB, "map_margin_db": margin_db}
        ours = mean(records, "psnr_db", **wanted)
        far = "" if ours is None else f" ({ours - published:+.2f})"
        cells.append(_number(ours, 2) + far)
    return f"| {cbr} | {published:.2f} | {' | '.join(cells)} |"


def _fallen_row(av1: Sequence[Record], ours: Sequence[Record], snr_db: float) -> str:
    cells = []
    for records, more in ((av1, {"planned_snr_db": FIXED_SNR_DB}), (ours, {"map_margin_db": MAP_MARGIN_DB})):
        wanted = {"snr_db": snr_db, "target_cbr": FIXED_CBR, **more}
        lost = mean(records, "lost", **wanted)
        cells += [_number(mean(records, "psnr_db", **wanted), 2), "–" if lost is None else f"{lost:.0%}"]
    return f"| {snr_db:g} | {' | '.join(cells)} |"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of stills")
    parser.add_argument("--out", type=Path, required=True, help="JSON; table and plot go beside it")
    parser.add_argument("--baseline", type=Path, default=Path("results/baseline"), help="records of AV1")
    parser.add_argument("--judges", type=Path, help="folder with lpips_squeeze.onnx")
    parser.add_argument("--networks", type=Path, help="folder with both networks; left out: the shipped ones")
    given = parser.parse_args()
    paths = still_files([given.pictures])
    networks = shipped() if given.networks is None else Networks(given.networks)
    av1 = rivals(given.baseline, (path.stem for path in paths))
    libraries = ("numba", "numpy", "onnxruntime", "opencv-python-headless")
    document = {
        "provenance": provenance(libraries),
        "networks": networks.digest,
        "records": send_all(paths, [record["picture"] for record in av1], networks, Measures(given.judges)),
        "rivals": av1,
    }
    write(given.out, document, text(document))
    plot(document, given.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
