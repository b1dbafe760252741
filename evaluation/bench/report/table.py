"""A table of a report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        title: what it answers.
        header: of the columns.
        rows: cells as text; ``**...**`` stands out.
        note: how to read it.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """With a heading of the second level and an empty line at the end."""
        lines = [f"## {self.title}", ""]
        if self.note:
            lines += [self.note, ""]
        return "\n".join([*lines, *markdown(self.header, self.rows), ""])


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [_line(header), "|" + "---|" * len(header), *map(_line, rows)]


def formatted(columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, Any]]) -> str:
    """A Markdown table: heading and format of every column, filled with the values of each row."""
    cells = [[cell.format_map(row) for _, cell in columns] for row in rows]
    return "\n".join([*markdown([heading for heading, _ in columns], cells), ""])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
