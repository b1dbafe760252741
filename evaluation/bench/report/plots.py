"""The pictures of a report, as PNG."""

import io
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.bench.confidence import estimate
from evaluation.bench.records import Record
from evaluation.bench.report import bjontegaard_table
from evaluation.bench.report.overview import class_shares
from evaluation.bench.report.results import Results, Setting, fair, is_original, values
from evaluation.measures import measure
from semvid.accounting import SymbolClass

_SHOWN: Final = ("psnr_db", "lpips", "embedding_cosine", "map_50", "ssim", "ms_ssim", "depth_d1")
_PANELS: Final = 4
_STYLE: Final = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
}
_COLOURS: Final = ("#c2487f", "#3b82c4", "#2f9e6b", "#d96e2b", "#7d6bc9", "#b8912a", "#4aa3a3", "#8a8f98",
                   "#a0522d", "#1f4e79", "#6b8e23", "#444444")  # fmt: skip
_MARKERS: Final = "osD^v<>pXP*h"


def draw(results: Results) -> dict[str, bytes]:
    """Every plot that the records have numbers for, by name."""
    with mpl.rc_context(_STYLE):
        drawn = {
            "quality_by_cbr": _quality_by_cbr(results),
            **_over_snr(results),
            "symbols": _symbols(results),
            "rate_differences": _rate_differences(results),
        }
        return {name: _png(figure) for name, figure in drawn.items() if figure is not None}


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def _look(results: Results, method: str) -> dict[str, Any]:
    number = results.methods().index(method)
    ours = method == results.chosen.reference
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linewidth": 2.4 if ours else 1.2,
        "markersize": 5 if ours else 4,
        "zorder": 3 if ours else 2,
        "label": method,
    }


def _drawn_methods(results: Results) -> list[str]:
    return [method for method in results.methods() if not is_original(method)]


def _quality_by_cbr(results: Results) -> Figure | None:
    """Mean quality over mean CBR, one point a budget, over the channel with the most budgets."""
    links = bjontegaard_table.links(results)
    if not links:
        return None
    settings = [s for s in results.settings() if s.link == links[0] and isinstance(s.target, float)]

    def curve(method: str, name: str) -> list[tuple[float, float]]:
        groups = [results.at(setting, method) for setting in settings]
        return sorted(
            (fmean(values(group, "cbr")), fmean(values(group, name)))
            for group in groups
            if values(group, name) and _all_shown(group)
        )

    note = "Means over clips; a budget at which a method failed on a clip has no point."
    return _panels(results, f"Quality at {links[0]}", "CBR", curve, note, logarithmic=True)


def _over_snr(results: Results) -> dict[str, Figure | None]:
    """What depends on the SNR, for each channel model at the budget that was tried at the most SNRs."""
    groups: dict[tuple[str, int | None, float], list[Setting]] = {}
    for setting in results.settings():
        if isinstance(setting.target, float):
            key = (setting.channel_model, setting.coherence_symbols, setting.target)
            groups.setdefault(key, []).append(setting)
    by_model: dict[str, list[Setting]] = {}
    for (model, _, _), settings in sorted(groups.items(), key=lambda item: -len(item[1])):
        if len(settings) > 1 and model not in by_model:
            by_model[model] = sorted(settings, key=lambda setting: setting.snr_db)
    return {
        f"{name}_{model}" if number else name: draw_one(results, settings)
        for number, (model, settings) in enumerate(by_model.items())
        for name, draw_one in (("quality_by_snr", _quality_by_snr), ("cliff", _cliff))
    }


def _quality_by_snr(results: Results, settings: Sequence[Setting]) -> Figure | None:
    """Mean quality over SNR."""

    def curve(method: str, name: str) -> list[tuple[float, float]]:
        groups = [(setting.snr_db, results.at(setting, method)) for setting in settings]
        return [(snr, fmean(values(fair(group), name))) for snr, group in groups if _mostly_fair(group, name)]

    title = f"Quality at CBR {settings[0].target:.3g}, {settings[0].channel_model.upper()}"
    note = "Means over the clips shown within the budget; no point where these are fewer than half."
    return _panels(results, title, "Es/N0, dB", curve, note, logarithmic=False)


def _mostly_fair(records: Sequence[Record], name: str) -> bool:
    return bool(values(fair(records), name)) and 2 * len(fair(records)) >= len(records)


def _all_shown(records: Sequence[Record]) -> bool:
    return bool(records) and not any(record["failed"] for record in records)


def _panels(
    results: Results,
    title: str,
    x_label: str,
    curve: Callable[[str, str], list[tuple[float, float]]],
    note: str,
    logarithmic: bool,
) -> Figure | None:
    there = results.measures()
    names = [name for name in _SHOWN if name in there][:_PANELS]
    if not names:
        return None
    columns = min(2, len(names))
    figure = Figure(figsize=(9, 3.3 * -(-len(names) // columns)), dpi=110, layout="constrained")
    figure.suptitle(title)
    all_axes = figure.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    for axes, name in zip(all_axes, names, strict=False):
        for method in _drawn_methods(results):
            points = curve(method, name)
            if points:
                axes.plot(*zip(*points, strict=True), **_look(results, method))
        axes.set(xlabel=x_label, ylabel=measure(name).label, xscale="log" if logarithmic else "linear")
        if measure(name).better == "lower":
            axes.invert_yaxis()  # up is good in every panel
    for axes in all_axes[len(names) :]:
        axes.set_axis_off()
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.supxlabel(note, size=7)
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    return figure


def _cliff(results: Results, settings: Sequence[Setting]) -> Figure:
    """Share of clips that were shown, and PSNR of the worst of them, over SNR."""
    figure = Figure(figsize=(9, 3.6), dpi=110, layout="constrained")
    shown_axes, worst_axes = figure.subplots(1, 2)
    for method in _drawn_methods(results):
        shares, worst = [], []
        for setting in settings:
            records = results.at(setting, method)
            if not records:
                continue
            shares.append((setting.snr_db, 100 * len(fair(records)) / len(records)))
            if len(fair(records)) == len(records) and values(records, "psnr_db"):
                worst.append((setting.snr_db, min(values(records, "psnr_db"))))
        for axes, points in ((shown_axes, shares), (worst_axes, worst)):
            if points:
                axes.plot(*zip(*points, strict=True), **_look(results, method))
    shown_axes.set(xlabel="Es/N0, dB", ylabel="clips shown within the budget, %", ylim=(-4, 104))
    worst_axes.set(xlabel="Es/N0, dB", ylabel="PSNR of the worst clip, dB")
    channel = f"CBR {settings[0].target:.3g}, {settings[0].channel_model.upper()}"
    figure.suptitle(f"The cliff at {channel}: right, only where every clip is shown")
    handles, labels = shown_axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    return figure


def _symbols(results: Results) -> Figure | None:
    """What the symbols were spent on in the first setting with pictures, or else the first of all."""
    settings = list(results.settings())
    wanted = results.chosen.stills
    chosen = [s for s in settings if s.snr_db in wanted.snr_db and s.target in wanted.target_cbr] or settings
    if not chosen:
        return None
    bars = {m: shares for m in results.methods() if (shares := class_shares(results.at(chosen[0], m)))}
    if not bars:
        return None
    figure = Figure(figsize=(9, 0.9 + 0.32 * len(bars)), dpi=110, layout="constrained")
    axes = figure.subplots()
    names = list(bars)[::-1]
    left = np.zeros(len(names))
    for number, symbol_class in enumerate(SymbolClass):
        width = np.array([100 * bars[name].get(str(symbol_class), 0) for name in names])
        axes.barh(
            names, width, left=left, label=str(symbol_class), color=_COLOURS[(number + 1) % len(_COLOURS)]
        )
        left += width
    axes.set(xlabel="share of symbols, %", title=str(chosen[0]), xlim=(0, 100))
    figure.legend(loc="outside right center", fontsize=8)
    return figure


def _rate_differences(results: Results) -> Figure | None:
    """Bjontegaard differences in symbols against every rival, on the first channel with enough budgets."""
    links = bjontegaard_table.links(results)
    if not links:
        return None
    names = [name for name in ("psnr_db", "lpips", "embedding_cosine") if name in results.measures()]
    rows = []
    for rival in results.rivals():
        by_measure = {
            n: bjontegaard_table.rate_differences(results, links[0], rival, n, "pchip") for n in names
        }
        if any(by_measure.values()):
            rows.append((rival, by_measure))
    if not rows:
        return None
    figure = Figure(figsize=(9, 1.2 + 0.45 * len(rows)), dpi=110, layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        found = [
            (i, estimate(by_measure[name])) for i, (_, by_measure) in enumerate(rows) if by_measure[name]
        ]
        axes.barh(
            [i + (number - (len(names) - 1) / 2) * height for i, _ in found],
            [e.mean for _, e in found],
            height,
            xerr=[e.half_width or 0 for _, e in found],
            label=measure(name).label,
            color=_COLOURS[number],
            error_kw={"linewidth": 0.8},
        )
    axes.set_yticks(range(len(rows)), [rival for rival, _ in rows])
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(
        f"symbols that {results.chosen.reference} needs more (right) or less (left) at equal quality, %"
    )
    axes.set_title(f"{links[0]}, mean over clips with overlap and 95 % interval")
    figure.legend(loc="outside right center", fontsize=8)
    return figure
