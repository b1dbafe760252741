"""SKIM as in the paper: four equidistant keyframes a clip, as good as the symbols allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from evaluation.clips import Clip
from evaluation.method import Conditions, Outcome
from evaluation.methods.budget import budget_symbols
from evaluation.methods.ladder import finest_crf
from evaluation.methods.semantic import Semvid
from evaluation.symbol_count import SymbolCount
from semvid.images.keyframe_codec import KeyframeEncoder
from semvid.semantics import PictureCoding
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Selected
from transmitter.keyframes.skim import Skim
from transmitter.options import TransmissionOptions
from transmitter.pipeline import stream_header

KEYFRAMES: Final = 4  # of a clip of at most 16 s (paper, SKIM); hard cuts add theirs
_CRFS: Final = range(63, 19, -1)  # that the transmitter takes as a quality
_ATTEMPTS: Final = 6  # at what the channel, captions and motion scores made dearer than planned
_SMALLER: Final = 0.98


class PaperSkim:
    """The transmitter with ``keyframe_method=skim``, at the quality that spends the budget.

    Attributes:
        name: of the row.
    """

    name = "skim"

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """See `evaluation.method.Method`. Without a target it spends `DEFAULT_CBR`."""
        budget = budget_symbols(clip, target_cbr)
        selected = _selected(clip)
        planned = float(budget)
        for attempt in range(_ATTEMPTS):
            crf = finest_crf(_CRFS, planned, lambda crf: _cost(clip, selected, crf, conditions.snr_db))
            if crf is None:
                break
            count = min(KEYFRAMES, len(clip.pictures))
            sender = Semvid(self.name, keyframe_method="skim", keyframe_count=count, quality=crf)
            outcome = sender.run(clip, conditions, None, folder / str(attempt))
            if outcome.crossed <= budget:
                return replace(outcome, settings=outcome.settings | {"crf": crf})
            expected = _cost(clip, selected, crf, conditions.snr_db)
            planned = expected * min(_SMALLER * budget / outcome.crossed, _SMALLER)
        return Outcome(
            lambda: iter(()),
            {},
            0,
            settings={"budget_symbols": budget},
            failed=f"{len(selected)} keyframes at CRF {_CRFS[0]} cost more than {budget} symbols",
        )


def _selected(clip: Clip) -> list[Selected]:
    skim = Skim(len(clip.pictures), min(KEYFRAMES, len(clip.pictures)))
    selected: list[Selected] = []
    for index, picture in enumerate(clip.pictures):
        selected += skim.push(Frame(index, index, picture))
    return selected + skim.finish()


def _cost(clip: Clip, selected: list[Selected], crf: int, snr_db: float) -> float:
    """Symbols without captions and motion scores, over a steady channel where no block is lost."""
    count = SymbolCount(snr_db)
    header = stream_header(clip.source, TransmissionOptions(coding=PictureCoding.JOINT))
    count.opening(header, len(clip.pictures), len(selected))
    with KeyframeEncoder(clip.source.width, clip.source.height, crf) as encoder:
        for number, one in enumerate(selected):
            count.keyframe(number, one, encoder.encode(one.frame.picture), [])
    return count.symbols
