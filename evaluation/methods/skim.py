"""SKIM as in the paper: four equidistant keyframes a clip, as good as the symbols allow."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from evaluation.clips import Clip
from evaluation.method import Conditions, Outcome
from evaluation.methods.budget import budget_symbols, spend
from evaluation.methods.keyframes import Setting, coded, steady_cost
from evaluation.methods.ladder import finest_crf
from evaluation.methods.semantic import Semvid
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Selected
from transmitter.keyframes.skim import Skim

KEYFRAMES: Final = 4  # of a clip of at most 16 s (paper, SKIM); hard cuts add theirs
_CRFS: Final = range(63, 19, -1)  # that the transmitter takes as a quality


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

        def cost(crf: int) -> float:
            """Symbols without captions and motion scores."""
            return steady_cost(coded(clip, selected, Setting(0, crf, 1)), conditions.snr_db)

        def send(crf: int) -> Outcome:
            count = min(KEYFRAMES, len(clip.pictures))
            sender = Semvid(self.name, keyframe_method="skim", keyframe_count=count, quality=crf)
            outcome = sender.run(clip, conditions, None, folder)
            return replace(outcome, settings=outcome.settings | {"crf": crf})

        return spend(
            budget,
            lambda planned: finest_crf(_CRFS, planned, cost),
            cost,
            send,
            f"{len(selected)} keyframes at CRF {_CRFS[0]} cost more than {budget} symbols",
        )


def _selected(clip: Clip) -> list[Selected]:
    skim = Skim(len(clip.pictures), min(KEYFRAMES, len(clip.pictures)))
    selected: list[Selected] = []
    for index, picture in enumerate(clip.pictures):
        selected += skim.push(Frame(index, index, picture))
    return selected + skim.finish()
