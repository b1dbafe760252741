"""The reference against the better of the two strongest rivals: the one figure of merit of a sweep."""

from statistics import fmean
from typing import Any, Final

from evaluation.bench.bjontegaard import NoOverlap, bd_rate, efficient, envelope
from evaluation.bench.report.bjontegaard_table import LEAST_POINTS, curve, links
from evaluation.bench.report.results import Link, Results
from evaluation.bench.report.table import Table
from evaluation.measures import measure

RIVALS: Final = ("av1", "h265")
MEASURES: Final = ("lpips", "embedding_cosine")
DEARER: Final = 5.0  # percent; a clip above this counts as lost


def differences(results: Results, link: Link, name: str) -> dict[str, float | None]:
    """BD-rate by clip, percent, with the hull of `RIVALS` as anchor; None where there is no overlap."""
    found: dict[str, float | None] = {}
    for clip in results.chosen.clips:
        ours = curve(results, link, results.chosen.reference, clip, name)
        theirs = [curve(results, link, rival, clip, name) for rival in RIVALS]
        long_enough = max(len(efficient(points)) for points in theirs) >= LEAST_POINTS
        found[clip] = None
        if long_enough and len(efficient(ours)) >= LEAST_POINTS:
            try:
                found[clip] = bd_rate(envelope(theirs), ours)
            except NoOverlap:
                continue
    return found


def table(results: Results) -> Table:
    """A row for each channel and clip, then the mean and the count of clips that are dearer."""
    names = [name for name in MEASURES if name in results.measures()]
    rows: list[list[str]] = []
    for link, by_measure in _by_link(results).items():
        rows += [
            [str(link), clip, *(_percent(by_measure[name][clip]) for name in names)]
            for clip in results.chosen.clips
        ]
        for label, of in (("**mean**", _mean), (f"**clips above {DEARER:+g} %**", _dearer)):
            rows.append([str(link), label, *(of(by_measure[name]) for name in names)])
    rivals = " and ".join(RIVALS)
    title = f"Symbols at equal quality: {results.chosen.reference} against the better of {rivals}"
    note = (
        "Bjontegaard difference in symbols (PCHIP), percent; negative: fewer than the rivals. The anchor is "
        "the hull of both rivals: at every quality the rate of the cheaper one. – : the curves do not "
        f"overlap, or one has fewer than {LEAST_POINTS} efficient points."
    )
    return Table(title, ["channel", "clip", *(measure(name).label for name in names)], rows, note)


def summary(results: Results) -> dict[str, Any]:
    """The same as JSON, by channel and measure."""
    by_channel = {
        str(link): {
            name: {
                "mean_percent": fmean(numbers) if (numbers := _numbers(by_clip)) else None,
                "clips_above_5_percent": sum(number > DEARER for number in numbers),
                "clips_compared": len(numbers),
                "percent_by_clip": by_clip,
            }
            for name, by_clip in by_measure.items()
        }
        for link, by_measure in _by_link(results).items()
    }
    return {"rivals": list(RIVALS), "bd_rate": by_channel}


def _by_link(results: Results) -> dict[Link, dict[str, dict[str, float | None]]]:
    """Channels with a number, by measure and clip."""
    if not set(RIVALS) & set(results.rivals()):
        return {}
    names: list[str] = [name for name in MEASURES if name in results.measures()]
    every = {link: {name: differences(results, link, name) for name in names} for link in links(results)}
    return {link: found for link, found in every.items() if any(map(_numbers, found.values()))}


def _numbers(by_clip: dict[str, float | None]) -> list[float]:
    return [value for value in by_clip.values() if value is not None]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f}"


def _mean(by_clip: dict[str, float | None]) -> str:
    numbers = _numbers(by_clip)
    return f"**{fmean(numbers):+.1f}** ({len(numbers)} of {len(by_clip)})" if numbers else "–"


def _dearer(by_clip: dict[str, float | None]) -> str:
    numbers = _numbers(by_clip)
    return f"**{sum(number > DEARER for number in numbers)}** of {len(numbers)}"
