"""Paired comparisons with the reference method, clip by clip: above all, where it loses."""

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.bench.confidence import Estimate, estimate
from evaluation.bench.report.results import Results, Setting, fair, over_budget, pairs
from evaluation.bench.report.table import Table
from evaluation.measures import measure


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reference against one rival on one measure in one setting.

    Attributes:
        gain: of the reference over the rival, positive where the reference is better.
        wins: clips on which it is better.
    """

    setting: Setting
    rival: str
    measure: str
    gain: Estimate
    wins: int


def comparisons(results: Results) -> Iterator[Comparison]:
    """All of them; only clips on which both showed something count."""
    for setting in results.settings():
        ours = results.at(setting, results.chosen.reference)
        for rival in results.rivals():
            theirs = results.at(setting, rival)
            for name in results.measures():
                if measure(name).better == "neither":
                    continue
                both = pairs(ours, theirs, name)
                if both:
                    gains = [measure(name).gain(a, b) for a, b in both]
                    wins = sum(gain > 0 for gain in gains)
                    yield Comparison(setting, rival, name, estimate(gains), wins)


def paired(results: Results) -> list[Table]:
    """Gain of the reference over each rival, one table for each comparison."""
    every = list(comparisons(results))
    reference = results.chosen.reference
    tables = []
    for setting in results.settings():
        here = {(c.rival, c.measure): c for c in every if c.setting == setting}
        names = [name for name in results.measures() if any(m == name for _, m in here)]
        rows = [
            [rival, _only_one_showed(results, setting, rival), *(_gain(here.get((rival, n))) for n in names)]
            for rival in results.rivals()
            if results.at(setting, rival)
        ]
        if here:
            labels = [measure(name).label for name in names]
            header = ["rival", "clips that only one showed within budget", *labels]
            note = (
                f"Positive: {reference} is better. In brackets the clips on which it is better, of those "
                "that both showed. Bold: it is worse and the interval excludes zero."
            )
            tables.append(Table(f"{reference} against each rival: {setting}", header, rows, note))
    return tables


def _gain(comparison: Comparison | None) -> str:
    if comparison is None:
        return "–"
    gain, digits = comparison.gain, measure(comparison.measure).digits
    interval = "" if gain.half_width is None else f" ± {gain.half_width:.{digits}f}"
    text = f"{gain.mean:+.{digits}f}{interval} ({comparison.wins}/{gain.count})"
    return f"**{text}**" if _clearly_worse(gain) else text


def _clearly_worse(gain: Estimate) -> bool:
    return gain.mean < 0 and gain.excludes_zero


def _only_one_showed(results: Results, setting: Setting, rival: str) -> str:
    ours = {r["clip"] for r in fair(results.at(setting, results.chosen.reference))}
    theirs = {r["clip"] for r in fair(results.at(setting, rival))}
    return f"{results.chosen.reference} {len(ours - theirs)}, rival {len(theirs - ours)}"


def negative_results(results: Results) -> list[Table]:
    """Every comparison that the reference loses beyond doubt."""
    if not results.rivals():
        return []
    rows = [
        [
            str(c.setting), c.rival, measure(c.measure).label,
            f"{c.gain.mean:+.{digits}f} ± {c.gain.half_width:.{digits}f}",
            f"{c.gain.count - c.wins} of {c.gain.count}",
        ]
        for c in comparisons(results)
        if _clearly_worse(c.gain)
        for digits in (measure(c.measure).digits,)
    ]  # fmt: skip
    rows = rows or [["–", "–", "–", "none: no interval lies wholly below zero", "–"]]
    header = ["conditions", "lost to", "measure", "gain", "clips not better"]
    return [Table(f"Negative results: where {results.chosen.reference} is clearly worse", header, rows)]


def by_clip(results: Results) -> Table:
    """The best rival where it beats the reference, by clip and measure; settings with pictures only."""
    rows = []
    wanted = results.chosen.stills
    reference = results.chosen.reference
    for setting in results.settings():
        if setting.snr_db not in wanted.snr_db or setting.target not in wanted.target_cbr:
            continue
        records = results.at(setting)
        for ours in (r for r in records if r["method"] == reference):
            theirs = [r for r in records if r["clip"] == ours["clip"] and r["method"] in results.rivals()]
            theirs = fair(theirs)
            if not fair([ours]):
                if theirs:
                    why = "spends too much" if over_budget(ours) else "failed"
                    names = ", ".join(r["method"] for r in theirs)
                    rows.append([str(setting), ours["clip"], "shown within budget", why, "shown", names])
                continue
            for name, value in ours["metrics"].items():
                one, having = measure(name), [r for r in theirs if name in r["metrics"]]
                best = max(having, key=lambda r: one.as_quality(r["metrics"][name]), default=ours)
                if one.better != "neither" and one.gain(value, best["metrics"][name]) < 0:
                    numbers = (f"{v:.{one.digits}f}" for v in (value, best["metrics"][name]))
                    rows.append([str(setting), ours["clip"], one.label, *numbers, best["method"]])
    header = ["conditions", "clip", "measure", reference, "best rival", "which"]
    return Table(f"Where {reference} loses, clip by clip", header, rows)
