"""Where every output frame came from."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RECEIVED, REGENERATED, CONCEALED = "received", "regenerated", "concealed"


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive frames ``first`` .. ``last``, both included, of one provenance."""

    first: int
    last: int
    provenance: str
    caption: str


class Timeline:
    """What the receiver reports of every frame, and keyframes as the transmitter chose them.

    Args:
        segments: the receiver's runs of frames (``first_frame``, ``last_frame``, ``provenance``,
            ``caption``); a keyframe that arrived is a run of its own.
        keyframes: the transmitter's keyframes (``frame``, ``reason``).
    """

    def __init__(self, segments: Sequence[Mapping[str, Any]], keyframes: Sequence[Mapping[str, Any]]) -> None:
        self.spans = sorted(
            (
                Span(s["first_frame"], s["last_frame"], s["provenance"], s.get("caption") or "")
                for s in segments
            ),
            key=lambda span: span.first,
        )
        self.keyframes = {int(k["frame"]): str(k["reason"]) for k in keyframes}
        self._starts = [span.first for span in self.spans]

    def span(self, frame: int) -> Span | None:
        """The run that ``frame`` lies in; None if there is none."""
        position = bisect_right(self._starts, frame) - 1
        if position < 0 or frame > self.spans[position].last:
            return None
        return self.spans[position]

    def provenance(self, frame: int) -> str:
        """Of one frame; one that no span covers counts as concealed."""
        span = self.span(frame)
        return CONCEALED if span is None else span.provenance
