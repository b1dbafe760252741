"""What a person sees while a command runs. All of it goes to standard error, so that results can be piped."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class TerminalObserver:
    """Progress bars, one per stage, and notices; a context manager.

    Without a terminal (a pipe, a log file) every stage leaves a single line when it ends.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._ended: set[str] = set()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def begin(self, title: str) -> None:
        """What follows belongs to something new: its stages begin anew."""
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self._ended.clear()
        self._console.print(title, markup=False, soft_wrap=True)

    def progress(self, stage: str, fraction: float | None, detail: str = "") -> None:
        """Shows ``stage`` at ``fraction`` (0..1; None: not known)."""
        if fraction is not None and fraction >= 1.0 and stage not in self._ended:
            self._ended.add(stage)
            if not self._console.is_terminal:
                self._console.print(f"{stage}: done")
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None, detail="")
        total = None if fraction is None else 1.0
        self._bars.update(self._tasks[stage], total=total, completed=fraction or 0.0, detail=detail)

    def notice(self, text: str) -> None:
        """One line above the bars."""
        self._console.print(text, style="yellow", markup=False, soft_wrap=True)


def show_error(message: str) -> None:
    """Prints one error to standard error."""
    console = Console(stderr=True, highlight=False)
    console.print("error: ", style="bold red", end="")
    console.print(message, markup=False, soft_wrap=True)
