"""What a synthesiser does to the frames between keyframes of clips that were kept out of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from semvid.images.interpolation import Bridge
from semvid.images.synthesiser import SynthesisedBridge, Synthesiser
from training.card import table
from training.comparison import COLUMNS, Comparison
from training.features import Lpips
from training.synthesiser.gaps import Gap

_LENGTHS: Final = (2, 5, 9, 13)  # frames from keyframe to keyframe at which a row of the table begins


def measure(
    synthesiser: Synthesiser, scenes: Sequence[Sequence[Gap]], lpips: Lpips | None = None
) -> list[str]:
    """A Markdown table by the length of the gaps; no lines where nothing was kept out."""
    comparison = Comparison[int](lpips)
    for gap in (gap for scene in scenes for gap in scene):
        least = max(length for length in _LENGTHS if length <= gap.spacing)
        plain, better = Bridge(gap.start, gap.end), SynthesisedBridge(synthesiser, gap.start, gap.end)
        for moment in gap.moments:
            comparison.add(least, moment.source, plain.frame(moment.t), better.frame(moment.t))
    rows = [f"{least} and more | {means.cells()}" for least, means in sorted(comparison.means().items())]
    return table(("frames from keyframe to keyframe", *COLUMNS), rows)
