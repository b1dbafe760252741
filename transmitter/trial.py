"""What came out of trying excerpts of a clip at one operating point, and what it says about other points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from semvid.pictures.keyframe_codec import MAX_CRF, MIN_CRF
from transmitter.forecast import Forecast
from transmitter.rate import GapCost, OperatingPoint, bytes_factor, coding_loss

CRF_RANGE: Final = range(40, MAX_CRF + 1)
SLOPES: Final = (3.0, 3000.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """Keyframes of excerpts of a clip.

    Attributes:
        point: that they were selected with and coded at.
        window, total: frames tried and frames of the whole clip.
        samples: of one source frame.
        gaps: frames and bridging error of each gap.
        first, others: bytes of the first keyframe of the clip, and of each that ends a gap.
    """

    point: OperatingPoint
    window: int
    total: int
    samples: int
    gaps: list[tuple[int, float]]
    first: float
    others: list[float]

    @property
    def bytes_scale(self) -> float:
        """Bytes that came out relative to the model's."""
        model = GapCost(replace(self.point, bytes_scale=1.0), self.samples)
        # behind a cut, or one frame on, the model has nothing to go by
        pairs = [(e, b) for (n, e), b in zip(self.gaps, self.others, strict=True) if n > 1]
        predicted = sum(model.predicted_bytes(error) for error, _ in pairs)
        return sum(size for _, size in pairs) / predicted if pairs else self.point.bytes_scale

    def cbr(self, crf: float) -> float:
        """CBR of the whole clip at ``crf`` if all of it is like what was tried."""
        factor = bytes_factor(crf) / bytes_factor(self.point.crf)
        link = self.point.link
        later = sum(link.symbols_of(size * factor) for size in self.others) * self.total / self.window
        symbols = link.symbols_of(self.first * factor) + later + link.fixed_symbols
        return symbols / (self.samples * self.total)

    @property
    def forecast(self) -> Forecast:
        """What the rest costs if it is like what was tried."""
        link = self.point.link
        fixed = link.symbols_of(0) * len(self.others)
        symbols = sum(map(link.symbols_of, self.others))
        return Forecast.of(self.window, symbols, symbols - fixed, self.point.crf)

    def best_crf(self, slope: float) -> int:
        """The quality that these keyframes deserve at ``slope``."""
        return min(CRF_RANGE, key=lambda crf: coding_loss(crf) + slope * self.cbr(crf))

    def slope_of(self, crf: int) -> float:
        """The slope at which these keyframes deserve ``crf``."""
        lower, upper = max(MIN_CRF, crf - 1), min(MAX_CRF, crf + 1)
        slope = (coding_loss(upper) - coding_loss(lower)) / (self.cbr(lower) - self.cbr(upper))
        return min(SLOPES[1], max(SLOPES[0], slope))
