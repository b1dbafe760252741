"""The source itself, as if it had crossed for nothing: the upper end of every scale."""

from __future__ import annotations

from pathlib import Path

from evaluation.clips import Clip
from evaluation.method import Conditions, Outcome


class Original:
    """See `evaluation.method.Method`; spends no symbols."""

    name = "original"

    def run(self, clip: Clip, _conditions: Conditions, _target_cbr: float | None, _folder: Path) -> Outcome:
        """Shows the clip as it is."""
        return Outcome(lambda: iter(clip.pictures), {}, 0)
