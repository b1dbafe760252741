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
from semvid.link.packing import KeyframePacket, block_payloads
from semvid.options import TransmissionOptions
from semvid.semantics import StreamEnd, Unit
from semvid.video.reader import Frame
from transmitter.encoder import stream_header
from transmitter.keyframes.selection import Selected
from transmitter.keyframes.skim import Skim

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
    with KeyframeEncoder(clip.source.width, clip.source.height, crf) as encoder:
        for number, one in enumerate(selected):
            coded = encoder.encode(one.frame.picture)
            units: list[Unit] = [] if number else [stream_header(clip.source, TransmissionOptions())]
            if number == len(selected) - 1:
                units.append(StreamEnd(len(clip.pictures), len(selected)))
            packet = KeyframePacket(number, one.frame.index, coded.packet, one.shot_start, coded.refresh)
            count.ship(block_payloads(units, packet, count.bulk_limit_bytes))
    return count.symbols
