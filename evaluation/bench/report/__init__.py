"""Makes tables, plots and a page of the records of a sweep."""

from pathlib import Path

from evaluation.bench import records
from evaluation.bench.report import best_rival, bjontegaard_table, html, losses, overview, paper_table, plots
from evaluation.bench.report.results import Results
from evaluation.bench.report.table import Table
from semvid.service.files import write_atomically


def write_report(folder: Path, page: bool = True) -> list[Path]:
    """Writes ``report.md``, ``plots`` and, with ``page``, ``report.html`` into the folder of a sweep.

    What `best_rival` finds is added to its ``run.json``.

    Returns:
        What was written.

    Raises:
        InvalidInput: the folder holds no sweep.
    """
    results = Results.read(folder)
    tables = tables_of(results)
    records.annotate(folder, {"against_the_better_of": best_rival.summary(results)})
    drawn = plots.draw(results)
    for name, data in drawn.items():
        write_atomically(folder / "plots" / f"{name}.png", data)
    title, lead = overview.heading(results)
    pictures = [f"![{name.replace('_', ' ')}](plots/{name}.png)\n" for name in drawn]
    text = "\n".join([f"# {title}", "", *lead, "", *pictures, *(table.markdown() for table in tables)])
    write_atomically(folder / "report.md", text)
    written = [folder / "report.md", *(folder / "plots" / f"{name}.png" for name in drawn)]
    if page:
        write_atomically(folder / "report.html", html.build(title, lead, drawn, tables, results))
        written.append(folder / "report.html")
    return written


def tables_of(results: Results) -> list[Table]:
    """Every table that the records have numbers for."""
    tables = [
        *paper_table.published(results),
        best_rival.table(results),
        *overview.by_conditions(results),
        *losses.paired(results),
        *losses.negative_results(results),
        losses.by_clip(results),
        bjontegaard_table.differences(results),
        overview.symbols(results),
        overview.selections(results),
        overview.failures(results),
        overview.not_run(results),
        overview.absences(results),
    ]
    return [table for table in tables if table.rows]
