"""Quality and density of keyframes: one operating point decides both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from semvid.profile import Profile
from semvid.video.probe import SourceInfo
from transmitter.options import TransmissionOptions


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the optimiser decides.

    Attributes:
        crf: AV1 quality of keyframes.
        bridging_tolerance: largest error of regenerated frames (`transmitter.keyframes.bridging`).
    """

    crf: int
    bridging_tolerance: float

    def resource(self) -> dict[str, float]:
        """For reports."""
        return {"crf": self.crf, "bridging_tolerance": self.bridging_tolerance}


def choose_operating_point(
    upload: Path, source: SourceInfo, options: TransmissionOptions, profile: Profile
) -> OperatingPoint:
    """PROVISIONAL: the rate helper replaces this."""
    return OperatingPoint(options.quality or 56, 0.35)
