"""A table that can be written as Markdown and as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


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
        lines += [_line(self.header), "|" + "---|" * len(self.header)]
        return "\n".join([*lines, *(_line(row) for row in self.rows), ""])

    def html(self) -> str:
        """As a section of a page."""
        head = "".join(f"<th>{_marked(cell)}</th>" for cell in self.header)
        body = "".join(
            "<tr>" + "".join(f"<td>{_marked(cell)}</td>" for cell in row) + "</tr>" for row in self.rows
        )
        note = f"<p>{_marked(self.note)}</p>" if self.note else ""
        return (
            f"<h2>{escape(self.title)}</h2>{note}<div class='wide'><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _marked(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
