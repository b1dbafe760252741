"""What was run, the means of every method under every set of conditions, and what did not work."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final

from evaluation.bench.confidence import estimate
from evaluation.bench.records import Record
from evaluation.bench.report.results import Results, Setting, over_budget, setting_of, values
from evaluation.bench.report.table import Table
from evaluation.measures import measure
from semvid.accounting import SymbolClass

_ARROWS: Final = {"higher": " ↑", "lower": " ↓", "neither": ""}  # which way is good


def heading(results: Results) -> tuple[str, list[str]]:
    """Title and the lines that say how the numbers were made."""
    chosen = results.chosen
    everything = [*results.records, *results.selections, *results.not_run]
    commits = sorted({record["commit"] or "unknown" for record in everything})
    dates = sorted({record["date"] for record in everything})
    libraries = everything[0]["versions"]
    frames = sum(record.get("judged_frames", 0) for record in results.records)
    lead = [
        f"{len(results.records) or len(results.selections)} cells: {len(chosen.clips)} clips of at most "
        f"{chosen.seconds:g} s at the area of 576x320, every {chosen.judged_every}th frame judged "
        f"({frames} frames in all). Seed {chosen.seed}.",
        "",
        f"`{everything[0]['command']}`",
        "",
        f"Commit {', '.join(commits)}; {' to '.join(sorted({dates[0], dates[-1]}))}; "
        + ", ".join(f"{name} {version}" for name, version in libraries.items())
        + ".",
        "",
        "Every method goes over the same physical layer with the same channel draws; every symbol counts, "
        "and the ledger of every cell equals the symbols that crossed. Intervals are 95 % over clips "
        "(Student). A method that spends more than 2 % over its budget is counted as such and left out of "
        "comparisons. One that showed nothing is counted as failed, not left out of the count; means are "
        "over the clips that it showed.",
        "",
        "Clips: " + ", ".join(chosen.clips) + ".",
    ]
    return f"Bench: {chosen.title}", lead


def by_conditions(results: Results) -> list[Table]:
    """One table for each comparison: methods down, measures across."""
    tables = []
    for setting in results.settings():
        here = results.at(setting)
        names = [name for name in results.measures() if values(here, name)]
        rows = []
        for method in results.methods():
            records = results.at(setting, method)
            if not records:
                continue
            failed = sum(bool(record["failed"]) for record in records)
            shown = f"{len(records) - failed} of {len(records)}"
            cbrs = values(records, "cbr")
            cbr = f"{fmean(cbrs):.2e}" if cbrs else "failed"
            beyond = sum(map(over_budget, records))
            over = f"**{beyond}**" if beyond else "0"
            rows.append(
                [method, shown, over, cbr, *(with_interval(values(records, name), name) for name in names)]
            )
        labels = [measure(name).label + _ARROWS[measure(name).better] for name in names]
        tables.append(Table(str(setting), ["method", "clips shown", "over budget", "CBR", *labels], rows))
    return tables


def with_interval(numbers: Sequence[float], name: str) -> str:
    """Mean and half width of the interval; a dash where there is nothing."""
    if not numbers:
        return "–"
    found, digits = estimate(numbers), measure(name).digits
    if found.half_width is None:
        return f"{found.mean:.{digits}f}"
    return f"{found.mean:.{digits}f} ± {found.half_width:.{digits}f}"


def symbols(results: Results) -> Table:
    """Share of the ledger's classes, one row for each method and comparison."""
    rows = []
    for setting in results.settings():
        for method in results.methods():
            shares = class_shares(results.at(setting, method))
            if shares:
                cells = [f"{100 * shares.get(str(name), 0):.1f}" for name in SymbolClass]
                rows.append([str(setting), method, *cells])
    return Table("Symbols by class, percent", ["conditions", "method", *map(str, SymbolClass)], rows)


def class_shares(records: Sequence[Record]) -> dict[str, float]:
    """Share of each class in all symbols of ``records``; empty where none crossed."""
    total: Counter[str] = Counter()
    for record in records:
        total.update(record["symbols"])
    everything = sum(total.values())
    return {name: count / everything for name, count in total.items()} if everything else {}


def selections(results: Results) -> Table:
    """Keyframes by rule and focus, with their spread."""
    rows = []
    for variant in results.chosen.variant:
        records = [r for r in results.selections if r["method"] == variant.name and not r["failed"]]
        counts = values(records, "keyframes")
        if not counts:
            continue
        spread = stdev(counts) if len(counts) > 1 else 0.0
        scores = values(records, "s_rel")
        rows.append(
            [
                variant.name, variant.mllm, variant.focus, f"{variant.rule} > {variant.threshold:g}",
                str(len(counts)), f"{fmean(counts):.2f}", f"{spread:.2f}", f"{max(counts):g}",
                f"{spread / fmean(counts):.3f}", f"{fmean(scores):+.3f}" if scores else "–",
            ]
        )  # fmt: skip
    header = ["variant", "model", "focus", "rule", "clips", "keyframes, mean", "sd", "max", "sd / mean",
              "S_rel, mean"]  # fmt: skip
    return Table("Keyframes that meaning alone chooses", header, rows)


def failures(results: Results) -> Table:
    """Every method that failed somewhere, with the reason of its first failure there."""
    grouped: dict[tuple[str, Setting], list[Record]] = defaultdict(list)
    for record in results.records:
        if record["failed"]:
            grouped[record["method"], setting_of(record)].append(record)
    rows = [
        [method, str(setting), str(len(failed)), ", ".join(r["clip"] for r in failed), failed[0]["failed"]]
        for (method, setting), failed in grouped.items()
    ]
    rows += [
        [r["method"], "selection", "1", r["clip"], r["failed"]] for r in results.selections if r["failed"]
    ]
    return Table("What failed", ["method", "conditions", "clips", "which", "why"], rows)


def not_run(results: Results) -> Table:
    """Cells for which the machine was to blame; the next sweep tries them again."""
    rows = [[r["method"], r["clip"], str(setting_of(r)), r["failed"]] for r in results.not_run]
    header = ["method", "clip", "conditions", "why"]
    return Table("What could not run on this machine, and counts for nobody", header, rows)


def absences(results: Results) -> Table:
    """Measures and judges that were asked for and could not be taken, with the reason."""
    counted = Counter(
        (name, reason) for record in results.records for name, reason in record["absent"].items()
    )
    rows = [[name, str(count), reason] for (name, reason), count in sorted(counted.items())]
    return Table("What could not be measured", ["measure or judge", "cells", "why"], rows)
