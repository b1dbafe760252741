"""The channel's gain over a transmission: a line, or with OFDM a map over time and frequency."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from console.demo.plots import CLASS_COLOURS, STYLE, WIDTH_IN, svg
from semvid.waveform import SUBCARRIERS_PER_BLOCK

_SPAN_DB = 35.0  # below the strongest gain; what is weaker is as good as nothing


def gain_plot(gains: Mapping[str, Any], spacing_khz: float) -> str:
    """Gain in dB over the channel uses sent, as the receiver estimated it.

    Args:
        gains: the receiver's ``GainsResource``, at least one row.
        spacing_khz: between subcarriers, where there are bands.
    """
    gain_db = np.array(gains["gain_db"], float)  # None becomes NaN
    uses = np.arange(len(gain_db) + 1) * gains["symbols"]
    with mpl.rc_context({**STYLE, "svg.hashsalt": "gain"}):
        figure = Figure(figsize=(WIDTH_IN, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.set_xlabel("channel uses sent")
        axes.set_xlim(0, float(uses[-1]))
        if gains["bands"] == 1:
            axes.stairs(gain_db[:, 0], uses, baseline=None, color=CLASS_COLOURS["keyframe"], linewidth=1.2)
            axes.axhline(0, color=CLASS_COLOURS["pilot"], linewidth=0.6, linestyle=(0, (4, 3)))
            axes.set_ylabel("gain, dB")
            return svg(figure)
        half_khz = gains["bands"] * SUBCARRIERS_PER_BLOCK * spacing_khz / 2
        top = float(np.nanmax(gain_db, initial=0.0))
        lowest = max(top - _SPAN_DB, float(np.nanmin(gain_db, initial=top)))
        image = axes.imshow(
            gain_db.T,
            origin="lower",
            aspect="auto",
            extent=(0.0, float(uses[-1]), -half_khz, half_khz),
            vmin=min(lowest, top - 1.0),
            vmax=top,
            cmap="viridis",
            interpolation="nearest",
        )
        axes.set_ylabel("frequency, kHz")
        figure.colorbar(image, ax=axes, label="gain, dB", pad=0.01)
        return svg(figure)
