"""Tables and plots of `evaluation.studies.baseline`, and published points beside them.

python -m evaluation.studies.baseline_report results/baseline
"""

import csv
import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.bench.report.table import Table
from semvid.service.files import write_atomically

Record = dict[str, Any]
Condition = tuple[str, float, float | None, float]
"""Channel model, SNR in dB, SNR of a fixed plan or None, target CBR."""

_NTSCC: Final = (
    "arXiv 2112.10961; its released weights run again on Kodak over AWGN (issue 15 of this project)"
)
PUBLISHED: Final = (
    ("NTSCC", 0.0255, 10.0, 29.79, _NTSCC),
    ("NTSCC", 0.0374, 10.0, 31.82, _NTSCC),
    ("NTSCC", 0.0517, 10.0, 33.52, _NTSCC),
    ("NTSCC", 0.0706, 10.0, 34.67, _NTSCC),
)
"""Scheme, CBR, SNR in dB, PSNR in dB, source."""
_LOOKS: Final = {
    "av1": ("#c2487f", "o"),
    "h265": ("#3b82c4", "s"),
    "webp": ("#2f9e6b", "^"),
    "jpeg-xl": ("#7d6bc9", "v"),
    "jpeg": ("#d96e2b", "D"),
}
_STYLE: Final = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
}
_NOTHING: Final = "–"
_FIXED_CODE: Final = "av1"
_ADAPTED_CBR: Final = 0.04
_MODELS: Final = {"awgn": "AWGN", "rayleigh": "block Rayleigh, 256 symbols"}


class Means:
    """Means over the pictures, of conditions under which every picture was sent."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._groups: dict[tuple[str, Condition], list[Record]] = defaultdict(list)
        names = set()
        for record in records:
            names.add(record["picture"])
            condition = (record["model"], record["snr_db"], record["planned_snr_db"], record["target_cbr"])
            self._groups[record["code"], condition].append(record)
        self.pictures = len(names)

    def group(self, code: str, condition: Condition) -> list[Record]:
        """Its records; empty where a picture is missing or a code could not be as small."""
        group = self._groups.get((code, condition), [])
        whole = len(group) == self.pictures and not any("failed" in record for record in group)
        return group if whole else []

    def of(self, code: str, condition: Condition, name: str) -> float | None:
        """A mean, lost pictures counted as the grey that is shown; None where there is none."""
        group = self.group(code, condition)
        return fmean(record[name] for record in group) if group and name in group[0] else None

    def snrs(self, model: str, planned: float | None) -> list[float]:
        """SNRs at which there is something, dB."""
        return sorted({c[1] for _, c in self._groups if (c[0], c[2]) == (model, planned)})

    def cbrs(self, model: str, planned: float | None) -> list[float]:
        """Target CBRs at which there is something."""
        return sorted({c[3] for _, c in self._groups if (c[0], c[2]) == (model, planned)})

    def plans(self, model: str) -> list[float]:
        """SNRs that fixed plans are for, dB."""
        return sorted({c[2] for _, c in self._groups if c[0] == model and c[2] is not None})

    def codes(self) -> list[str]:
        """In the order of `_LOOKS`."""
        there = {code for code, _ in self._groups}
        return [code for code in _LOOKS if code in there]


def read(out: Path) -> list[Record]:
    """All records of a folder."""
    file = out / "records.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def write_report(out: Path, records: Sequence[Record]) -> None:
    """Writes `report.md`, `published.csv` and plots into ``out``."""
    means = Means(records)
    text = [
        "# Separate source and channel coding on stills",
        "",
        f"`semvid baseline` on {means.pictures} pictures, means; a lost one counts as the grey that",
        "is shown. CBR counts everything ([docs/cbr.md](../../docs/cbr.md)); how it is sent and chosen:",
        "[docs/metrics-and-rivals.md](../../docs/metrics-and-rivals.md#stills-separate-coding-at-its-best).",
        "Every picture of every condition is a line of `records.jsonl`; `run.json` says how it was made.",
        "",
        *(table.markdown() for table in _tables(means) if table.rows),
    ]
    write_atomically(out / "report.md", "\n".join(text))
    rows = [("scheme", "cbr", "snr_db", "psnr_db", "source"), *PUBLISHED]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    write_atomically(out / "published.csv", buffer.getvalue())
    plots = out / "plots"
    plots.mkdir(exist_ok=True)
    with mpl.rc_context(_STYLE):
        for name, figure in (("psnr_by_cbr", _by_cbr(means)), ("cliff", _cliff(means))):
            FigureCanvasAgg(figure).print_png(plots / f"{name}.png", metadata={"Software": None})


def _tables(means: Means) -> Iterable[Table]:
    yield _beside_published(means)
    for model, title in _MODELS.items():
        for name, label in (("psnr_db", "PSNR, dB"), ("ms_ssim", "MS-SSIM")):
            yield _by_snr(means, model, name, f"{label}, {title}")
        yield _lpips(means, model, f"LPIPS at 10 dB, {title}")
    yield _fixed(means)


def _beside_published(means: Means) -> Table:
    codes, rows = means.codes(), []
    for scheme, cbr, snr_db, psnr_db, _ in PUBLISHED:
        cells = [_cell(means, code, ("awgn", snr_db, None, cbr), "psnr_db") for code in codes]
        rows.append([f"{cbr:g}", f"**{psnr_db:.2f}** {scheme}", *cells])
    note = (
        "PSNR in dB. The learned code counts what its authors count: no pilots and no control word, and its "
        "side information arrives without errors. Its means are over the 24 pictures of Kodak, those of the "
        f"others over the {means.pictures} that were sent."
    )
    return Table("At 10 dB, AWGN, beside published points", ["CBR", "published", *codes], rows, note)


def _by_snr(means: Means, model: str, name: str, title: str) -> Table:
    snrs = means.snrs(model, None)
    rows = [
        [code, f"{cbr:g}", *(_cell(means, code, (model, snr_db, None, cbr), name) for snr_db in snrs)]
        for code in means.codes()
        for cbr in means.cbrs(model, None)
    ]
    shown = [row for row in rows if any(cell != _NOTHING for cell in row[2:])]
    note = f"In brackets how many pictures were lost. {_NOTHING}: not sent, or a picture cannot be as small."
    return Table(title, ["code", "CBR", *(f"{snr_db:g} dB" for snr_db in snrs)], shown, note)


def _lpips(means: Means, model: str, title: str) -> Table:
    codes = means.codes()
    rows = [
        [f"{cbr:g}", *(_cell(means, code, (model, 10.0, None, cbr), "lpips") for code in codes)]
        for cbr in means.cbrs(model, None)
    ]
    return Table(title, ["CBR", *codes], rows, "SqueezeNet; lower is better.")


def _fixed(means: Means) -> Table:
    rows = [
        [
            title,
            f"{cbr:g}",
            f"{snr_db:g}",
            _cell(means, _FIXED_CODE, (model, snr_db, planned, cbr), "psnr_db"),
        ]
        for model, title in _MODELS.items()
        for planned in means.plans(model)
        for cbr in means.cbrs(model, planned)
        for snr_db in means.snrs(model, planned)
    ]
    note = (
        f"{_FIXED_CODE}, its modulation and coding chosen for AWGN at 10 dB, whatever the channel is. "
        "In brackets how many pictures were lost."
    )
    return Table("One plan at every SNR", ["channel", "CBR", "SNR, dB", "PSNR, dB"], rows, note)


def _cell(means: Means, code: str, condition: Condition, name: str) -> str:
    value = means.of(code, condition, name)
    if value is None:
        return _NOTHING
    lost = sum(record["lost"] for record in means.group(code, condition))
    return f"{value:.{2 if name == 'psnr_db' else 4}f}" + (f" ({lost})" if lost else "")


def _by_cbr(means: Means) -> Figure:
    figure, panels = _panels(means)
    for model, axes in panels.items():
        for code in means.codes():
            colour, marker = _LOOKS[code]
            points = [(cbr, (model, 10.0, None, cbr)) for cbr in means.cbrs(model, None)]
            _curve(
                axes,
                means,
                code,
                points,
                f"{code} + LDPC, {means.pictures} pictures",
                color=colour,
                marker=marker,
            )
        if model == "awgn":
            cbrs, psnrs = [one[1] for one in PUBLISHED], [one[3] for one in PUBLISHED]
            axes.plot(cbrs, psnrs, "k*--", label="NTSCC, released weights, 24 pictures")
        axes.set(title=f"10 dB, {_MODELS[model]}", xlabel="CBR (complex channel uses / 3HW)")
        if axes.lines:
            axes.legend(loc="lower right")
    return figure


def _cliff(means: Means) -> Figure:
    figure, panels = _panels(means)
    for model, axes in panels.items():
        for planned in means.plans(model):
            for cbr in means.cbrs(model, planned):
                fixed = [(snr_db, (model, snr_db, planned, cbr)) for snr_db in means.snrs(model, planned)]
                label = f"planned for {planned:g} dB, CBR {cbr:g}"
                _curve(axes, means, _FIXED_CODE, fixed, label, color="#c2487f", marker="o")
        adapted = [(snr_db, (model, snr_db, None, _ADAPTED_CBR)) for snr_db in means.snrs(model, None)]
        label = f"planned for each SNR, CBR {_ADAPTED_CBR:g}"
        _curve(axes, means, _FIXED_CODE, adapted, label, color="#8a8f98", marker="s", linestyle=":")
        axes.set(title=_MODELS[model], xlabel="Es/N0, dB")
        if axes.lines:
            axes.legend(loc="upper left")
    figure.suptitle("AV1 + LDPC, a lost picture counted as grey: one plan falls off a cliff")
    return figure


def _panels(means: Means) -> tuple[Figure, dict[str, Axes]]:
    """A panel for every channel model over which something was sent."""
    models = [model for model in _MODELS if means.snrs(model, None) or means.plans(model)]
    figure = Figure(figsize=(1 + 4 * len(models), 4), layout="constrained")
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    panels[0].set_ylabel("PSNR, dB")
    return figure, dict(zip(models, panels, strict=True))


def _curve(
    axes: Axes, means: Means, code: str, points: Iterable[tuple[float, Condition]], label: str, **look: Any
) -> None:
    """Draws PSNR over what stands before each condition; nothing where there is nothing."""
    known = [(x, y) for x, condition in points if (y := means.of(code, condition, "psnr_db")) is not None]
    if known:
        axes.plot([x for x, _ in known], [y for _, y in known], label=label, **look)


if __name__ == "__main__":
    write_report(Path(sys.argv[1]), read(Path(sys.argv[1])))
