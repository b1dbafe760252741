"""The report's plots as inline SVG that takes its text colour from the page."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from console.demo.measure import Fidelity
from console.demo.pictures import COLOURS
from console.demo.sound import Heard
from console.demo.timeline import CONCEALED, RECEIVED, REGENERATED, Timeline
from semvid.sound.pcm import SAMPLE_RATE

_INK = "#010203"  # stands for the page's text colour and is replaced by `currentColor`
WIDTH_IN = 9.6
REASON_COLOURS = {
    "first": "#8a8f98",
    "last": "#8a8f98",
    "semantic": "#c2487f",
    "cut": "#d96e2b",
    "bridge": "#3b82c4",
    "max_gap": "#2f9e6b",
    "interval": "#7d6bc9",
    "portrait": "#b3648f",
}
CLASS_COLOURS = {
    "keyframe": "#3b82c4",
    "caption": "#c2487f",
    "sound": "#7d6bc9",
    "answer": "#3f9aa8",
    "face": "#b3648f",
    "header": "#2f9e6b",
    "control": "#b8912a",
    "pilot": "#8a8f98",
    "retransmission": "#d96e2b",
}
# the receiver tells its equalised symbols apart by what they carried in the burst
_BURST_PARTS = {
    "bulk": ("keyframes", CLASS_COLOURS["keyframe"]),
    "protected": ("text and headers", CLASS_COLOURS["caption"]),
    "control": ("control words", CLASS_COLOURS["control"]),
}
STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.4,
}


def similarity_plot(
    semantics: Mapping[str, Any], timeline: Timeline, duration_s: float, fidelity: Fidelity
) -> str:
    """S_rel of every candidate over time, the threshold, the keyframes by reason and the provenance strip."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "similarity"}):
        figure = Figure(figsize=(WIDTH_IN, 3.5), layout="constrained")
        axes, strip = figure.subplots(2, 1, sharex=True, height_ratios=(9, 1))
        candidates = semantics.get("candidates", [])
        time_s = [c["time_s"] for c in candidates]
        absolute = semantics.get("rule") == "absolute"
        score = [c["p_no"] if absolute else c["s_rel"] for c in candidates]
        axes.plot(time_s, score, color="#8a8f98", linewidth=0.9, zorder=2)
        chosen = np.array([bool(c["decision"]) for c in candidates], bool)
        colours = np.where(chosen, REASON_COLOURS["semantic"], "#8a8f98")
        axes.scatter(time_s, score, c=list(colours), s=np.where(chosen, 30, 11), zorder=3, linewidths=0)
        threshold = semantics.get("threshold")
        if threshold is not None and candidates:
            axes.axhline(threshold, color=REASON_COLOURS["semantic"], linestyle=(0, (4, 3)), linewidth=1)
            axes.annotate(
                f"threshold {threshold:g}",
                (1, threshold),
                xycoords=("axes fraction", "data"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="right",
                fontsize=8.5,
                color=REASON_COLOURS["semantic"],
            )
        _keyframe_lines(axes, semantics.get("keyframes", []))
        axes.set_ylabel("P(No)" if absolute else "S_rel = P(No) - P(Yes)")
        axes.set_xlim(0, max(duration_s, 1e-6))
        _provenance_strip(strip, timeline, [*fidelity.time_s, duration_s])
        return svg(figure)


def fidelity_plot(fidelity: Fidelity, timeline: Timeline, duration_s: float) -> str:
    """PSNR and SSIM of every frame over time, keyframes marked."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "fidelity"}):
        figure = Figure(figsize=(WIDTH_IN, 4.0), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        keyframes = [f for f in timeline.keyframes if f < len(fidelity.time_s)]
        for axes, values, colour, label in (
            (upper, fidelity.psnr_db, "#3b82c4", "PSNR, dB"),
            (lower, fidelity.ssim, "#2f9e6b", "SSIM"),
        ):
            axes.plot(fidelity.time_s, values, color=colour)
            axes.plot(
                [fidelity.time_s[f] for f in keyframes],
                [values[f] for f in keyframes],
                "o",
                color=colour,
                markersize=4,
                label="keyframe",
            )
            axes.set_ylabel(label)
            axes.grid(axis="y", color="#8a8f98", alpha=0.25, linewidth=0.6)
        upper.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)
        lower.set_xlabel("time, s")
        lower.set_xlim(0, max(duration_s, 1e-6))
        return svg(figure)


def symbols_plot(symbols: Mapping[str, int]) -> str:
    """Channel uses by class, the largest first."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "symbols"}):
        ordered = sorted(((n, name) for name, n in symbols.items()), reverse=True)
        total = max(1, sum(symbols.values()))
        figure = Figure(figsize=(WIDTH_IN, 0.3 + 0.27 * len(ordered)), layout="constrained")
        axes = figure.subplots()
        names = [name for _, name in ordered]
        counts = [n for n, _ in ordered]
        bars = axes.barh(names, counts, color=[CLASS_COLOURS.get(n, "#8a8f98") for n in names], height=0.68)
        axes.bar_label(bars, [f"{n:,}  ({100 * n / total:.1f} %)" for n in counts], padding=4, fontsize=8.5)
        axes.invert_yaxis()
        axes.set_xlim(0, max(1, *counts) * 1.22)
        axes.xaxis.set_visible(False)
        axes.spines[["bottom", "left"]].set_visible(False)
        axes.tick_params(length=0)
        return svg(figure)


def sound_plot(heard: Heard) -> str:
    """Spectrograms of source and reconstruction: time to the right, frequency upwards."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "sound"}):
        figure = Figure(figsize=(WIDTH_IN, 3.0), layout="constrained")
        panes = figure.subplots(1, 2, sharex=True, sharey=True)
        both = ("source", heard.source), ("reconstruction", heard.reconstruction)
        for axes, (name, pcm) in zip(panes, both, strict=True):
            bins = _spectrogram(pcm.mean(axis=1) / 32_768)
            extent = (0.0, len(pcm) / SAMPLE_RATE, 0.0, SAMPLE_RATE / 2000)
            axes.imshow(bins, origin="lower", aspect="auto", extent=extent, vmin=-110, vmax=-30, cmap="magma")
            axes.set_title(name, fontsize=9)
            axes.set_xlabel("time, s")
        panes[0].set_ylabel("frequency, kHz")
        return svg(figure)


def _spectrogram(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in dB below full scale, [frequency, time], no more than a page shows."""
    size, columns = 1024, 600
    starts = np.linspace(0, max(0, len(sound) - size), columns).astype(int)
    padded = np.pad(sound, (0, max(0, size - len(sound))))
    frames = np.stack([padded[start : start + size] for start in starts])
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) / (size / 4)
    return np.asarray(20 * np.log10(power.T[::2] + 1e-9))


def constellation_plot(constellation: Mapping[str, Sequence[Any]]) -> str:
    """Equalised data symbols as they arrived, by class."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "constellation"}):
        figure = Figure(figsize=(4.4, 4.4), layout="constrained")
        axes = figure.subplots()
        i, q = np.array(constellation["i"], float), np.array(constellation["q"], float)
        classes = np.array(constellation.get("class") or ["symbols"] * len(i))
        for name in sorted(set(classes.tolist()), key=lambda n: -int((classes == n).sum())):
            chosen = classes == name
            label, colour = _BURST_PARTS.get(name, (name, CLASS_COLOURS["pilot"]))
            axes.scatter(
                i[chosen], q[chosen], s=4, linewidths=0, alpha=0.7, color=colour, label=label, rasterized=True
            )
        # after a deep fade an equalised symbol may lie anywhere; the axes hold the bulk of them
        reach = min(2.5, 1.1 * max(1.0, float(np.quantile(np.abs(np.concatenate([i, q, [1.0]])), 0.998))))
        axes.set(
            xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="in phase", ylabel="quadrature"
        )
        axes.axhline(0, color="#8a8f98", linewidth=0.5, zorder=0)
        axes.axvline(0, color="#8a8f98", linewidth=0.5, zorder=0)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, markerscale=3, handletextpad=0.2)
        return svg(figure)


def _keyframe_lines(axes: Axes, keyframes: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for keyframe in keyframes:
        reason = str(keyframe["reason"])
        axes.axvline(
            keyframe["time_s"],
            color=REASON_COLOURS.get(reason, "#8a8f98"),
            linewidth=1.1,
            alpha=0.75,
            zorder=1,
            label=None if reason in seen else f"keyframe: {reason.replace('_', ' ')}",
        )
        seen.add(reason)
    if seen:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)


def _provenance_strip(axes: Axes, timeline: Timeline, starts_s: Sequence[float]) -> None:
    """Draws the spans; ``starts_s``: when each frame is shown, and the end of the last."""
    last = len(starts_s) - 1
    for span in timeline.spans:
        start, stop = (starts_s[min(frame, last)] for frame in (span.first, span.last + 1))
        colour = _hex(COLOURS.get(span.provenance, COLOURS[CONCEALED]))
        axes.barh(0, stop - start, left=start, color=colour, height=1)
    axes.set_yticks([])
    axes.spines[["left"]].set_visible(False)
    axes.set_xlabel("time, s")


def provenance_legend() -> dict[str, tuple[str, str]]:
    """Colour (hex) and meaning by provenance."""
    meanings = {
        RECEIVED: "keyframe, received as a picture",
        REGENERATED: "regenerated from its semantics",
        CONCEALED: "concealed after a loss",
    }
    return {provenance: (_hex(COLOURS[provenance]), meaning) for provenance, meaning in meanings.items()}


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def svg(figure: Figure) -> str:
    """The figure as an SVG element that can stand in HTML: no prologue, no metadata, no name spaces."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # groups of all plots bear the same names
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r'\1 role="img"', text, count=1)
    text = re.sub(r"font: ([0-9.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", text)
    return text.replace(_INK, "currentColor")
