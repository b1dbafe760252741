"""Makes tables, plots and a page of the records of a sweep."""

from __future__ import annotations

from pathlib import Path

from evaluation.bench.report import bjontegaard_table, losses, overview, page, paper_table, plots
from evaluation.bench.report.results import Results
from evaluation.bench.report.table import Table
from semvid.service.files import write_atomically


def write_report(folder: Path) -> list[Path]:
    """Writes ``report.md``, ``report.html`` and ``plots`` into the folder of a sweep.

    Returns:
        The two documents and every plot.

    Raises:
        InvalidInput: the folder holds no sweep.
    """
    results = Results.read(folder)
    tables = tables_of(results)
    drawn = plots.draw(results)
    for name, data in drawn.items():
        write_atomically(folder / "plots" / f"{name}.png", data)
    title, lead = overview.heading(results)
    pictures = [f"![{name.replace('_', ' ')}](plots/{name}.png)\n" for name in drawn]
    text = "\n".join([f"# {title}", "", *lead, "", *pictures, *(table.markdown() for table in tables)])
    write_atomically(folder / "report.md", text)
    write_atomically(folder / "report.html", page.build(title, lead, drawn, tables, results))
    return [folder / "report.md", folder / "report.html", *(folder / "plots" / f"{n}.png" for n in drawn)]


def tables_of(results: Results) -> list[Table]:
    """Every table that the records have numbers for."""
    return [
        *paper_table.published(results),
        *overview.by_conditions(results),
        *losses.paired(results),
        *losses.negative_results(results),
        *losses.by_clip(results),
        *bjontegaard_table.differences(results),
        *overview.symbols(results),
        *overview.selections(results),
        *overview.failures(results),
        *overview.absences(results),
    ]
