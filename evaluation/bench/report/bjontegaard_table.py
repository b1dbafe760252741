"""How many symbols the reference saves at equal quality, from the curves of every clip."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import Final

from evaluation.bench.bjontegaard import INTERPOLATIONS, Interpolation, NoOverlap, bd_rate, efficient, rate_at
from evaluation.bench.confidence import estimate
from evaluation.bench.report.results import Link, Results, setting_of
from evaluation.bench.report.table import Table
from evaluation.measures import measure

MEASURES: Final = ("psnr_db", "ssim", "ms_ssim", "lpips", "dists", "embedding_cosine", "map_50")
LEAST_POINTS: Final = 3  # of a curve, for a rate difference to mean anything
_ABSURD: Final = 1000.0  # percent

Points = list[tuple[float, float]]


def links(results: Results) -> list[Link]:
    """Channels with at least `LEAST_POINTS` budgets, in the order of the set."""
    budgets: dict[Link, set[float | str]] = {}
    for setting in results.settings():
        budgets.setdefault(setting.link, set()).add(setting.target)
    return [link for link, targets in budgets.items() if len(targets) >= LEAST_POINTS]


def curve(results: Results, link: Link, method: str, clip: str, name: str) -> Points:
    """Points (CBR, quality) of a method on a clip; quality is turned so that higher is better."""
    points = []
    for record in results.records:
        here = setting_of(record).link == link
        if here and record["method"] == method and record["clip"] == clip and not record["failed"]:
            value = record["metrics"].get(name)
            if value is not None and record["cbr"] > 0:
                points.append((record["cbr"], measure(name).as_quality(value)))
    return points


def rate_differences(
    results: Results, link: Link, rival: str, name: str, interpolation: Interpolation
) -> list[float]:
    """BD-rate of the reference with the rival as anchor, percent, for every clip that has one."""
    found = []
    for clip in results.chosen.clips:
        ours = curve(results, link, results.chosen.reference, clip, name)
        theirs = curve(results, link, rival, clip, name)
        if min(len(efficient(ours)), len(efficient(theirs))) < LEAST_POINTS:
            continue
        try:
            found.append(bd_rate(theirs, ours, interpolation))
        except NoOverlap:
            continue
    return found


def differences(results: Results) -> Table:
    """One row for each channel, rival and measure."""
    rows = []
    clips = len(results.chosen.clips)
    for link in links(results):
        for rival in results.rivals():
            for name in (name for name in MEASURES if name in results.measures()):
                by_way = {way: rate_differences(results, link, rival, name, way) for way in INTERPOLATIONS}
                if not by_way["pchip"]:
                    continue
                spread = estimate(by_way["pchip"])
                interval = "" if spread.half_width is None else f" ± {spread.half_width:.1f}"
                rows.append(
                    [
                        str(link), rival, measure(name).label, f"{len(by_way['pchip'])} of {clips}",
                        f"{spread.mean:+.1f}{interval}", f"{median(by_way['pchip']):+.1f}",
                        _mean(by_way["akima"]), _mean(by_way["cubic"]),
                        _at_our_quality(results, link, rival, name),
                    ]
                )  # fmt: skip
    header = ["channel", "rival", "at equal", "clips with overlap", "PCHIP, mean", "median", "Akima, mean",
              "cubic, mean", "rival's CBR at our quality"]  # fmt: skip
    note = (
        f"Bjontegaard difference in symbols, percent; negative: {results.chosen.reference} needs fewer than "
        f"the rival. Per clip, from its efficient points (at least {LEAST_POINTS}), then over clips. Last "
        "column: median over clips and budgets of the rival's CBR over ours where its curve reaches our "
        "quality; and how often it does."
    )
    return Table("Symbols at equal quality", header, rows, note)


def _mean(percent: Sequence[float]) -> str:
    """The mean; an interpolation that swings between points may run away on a single clip."""
    mean = fmean(percent)
    return f"{mean:+.1f}" if abs(mean) < _ABSURD else "runs away"


def _at_our_quality(results: Results, link: Link, rival: str, name: str) -> str:
    ratios: list[float] = []
    tried = 0
    for clip in results.chosen.clips:
        theirs = curve(results, link, rival, clip, name)
        for cbr, quality in curve(results, link, results.chosen.reference, clip, name):
            tried += 1
            needed = rate_at(theirs, quality)
            if needed is not None:
                ratios.append(needed / cbr)
    return f"x {median(ratios):.2f} ({len(ratios)} of {tried})" if ratios else f"– (0 of {tried})"
