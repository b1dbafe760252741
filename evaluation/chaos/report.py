"""All rounds of a run in one account."""

from collections import Counter
from typing import Any

from evaluation.provenance import provenance


def document(settings: dict[str, Any], rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums, rounds and how they were made, JSON-ready."""
    return {
        "settings": settings,
        "kills": sum(one["kills"] for one in rounds),
        "seconds": round(sum(one["seconds"] for one in rounds), 1),
        "faults": _added(rounds, "faults"),
        "accepted": sum(one["accepted"] for one in rounds),
        "outcomes": _added(rounds, "outcomes"),
        "attempts": {str(n): count for n, count in sorted(_numbers(_added(rounds, "attempts")).items())},
        "broken": [f"round {one['seed']}: {what}" for one in rounds for what in one["broken"]],
        "rounds": rounds,
        "provenance": provenance(("av", "grpcio", "numpy", "starlette", "uvicorn")),
    }


def text(made: dict[str, Any]) -> str:
    """``made`` as a page."""
    lines = [
        "# Chaos",
        "",
        f"{made['kills']} kills in {len(made['rounds'])} rounds, {made['seconds'] / 60:.0f} minutes, while "
        f"{made['accepted']} videos were accepted. Made by `{made['provenance']['command']}` on "
        f"{made['provenance']['date']} ({made['provenance']['machine']}).",
        "",
        "| what was done | times |",
        "|---|---|",
        *(f"| {what} | {count} |" for what, count in made["faults"].items()),
        "",
        "| what became of the videos | |",
        "|---|---|",
        *(f"| {what} | {count} |" for what, count in made["outcomes"].items()),
        "",
        "Attempts that each took: "
        + ", ".join(f"{n}: {count}" for n, count in made["attempts"].items())
        + ".",
        "",
        f"Promises that were broken: {len(made['broken']) or 'none'}.",
        *(f"- {one}" for one in made["broken"]),
    ]
    return "\n".join(lines) + "\n"


def _added(rounds: list[dict[str, Any]], name: str) -> dict[str, int]:
    total = Counter[str]()
    for one in rounds:
        total.update(one[name])
    return dict(sorted(total.items()))


def _numbers(counts: dict[str, int]) -> dict[int, int]:
    return {int(name): count for name, count in counts.items()}
