"""Published values with ours beside them, and what differs."""

from statistics import fmean, stdev

from evaluation.bench.report.results import Results, values
from evaluation.bench.report.table import Table
from evaluation.bench.sets import PublishedValue
from evaluation.measures import measure


def published(results: Results) -> list[Table]:
    """The table of a paper set; none for other sets."""
    paper = results.chosen.paper
    if paper is None:
        return []
    rows = [
        [
            value.row, "" if value.snr_db is None else f"{value.snr_db:g}", _label(value), f"{value.value:g}",
            value.ours or "–", _ours(results, value), value.note,
        ]
        for value in paper.value
    ]  # fmt: skip
    header = ["row of the paper", "SNR, dB", "measure", "published", "our row", "ours", "note"]
    note = "What differs: " + "; ".join(paper.differs) + "."
    return [Table(paper.item, header, rows, note)]


def _label(value: PublishedValue) -> str:
    label = measure(value.measure).label
    return label if value.statistic == "mean" else f"{label}, {value.statistic}"


def _ours(results: Results, value: PublishedValue) -> str:
    if not value.ours:
        return "–"
    records = [
        r
        for r in (*results.records, *results.selections)
        if r["method"] == value.ours and (value.snr_db is None or r["snr_db"] == value.snr_db)
    ]
    numbers = values(records, value.measure)
    if not records:
        return "not run"
    if not numbers:
        failed = sum(bool(record["failed"]) for record in records)
        return f"failed on {failed} of {len(records)}" if failed else "absent"
    statistic = {
        "mean": fmean(numbers),
        "sd": stdev(numbers) if len(numbers) > 1 else 0.0,
        "max": max(numbers),
        "cv": (stdev(numbers) if len(numbers) > 1 else 0.0) / fmean(numbers) if fmean(numbers) else 0.0,
    }[value.statistic]
    text = f"{statistic:.3g}" if value.measure == "cbr" else f"{statistic:.4g}"
    clips = len({record["clip"] for record in records if not record["failed"]})
    return f"{text} ({clips} clips)"
