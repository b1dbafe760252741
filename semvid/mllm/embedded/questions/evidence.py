"""What answers rest on: one pass over a video, and what is measured of a few of its frames when wanted."""

from collections import Counter
from collections.abc import Iterable
from functools import cache, cached_property
from typing import Final

from semvid.images.cuts import CutDetector
from semvid.images.objects import Detector, Thing
from semvid.images.types import Picture
from semvid.mllm.embedded.caption.motion import motion
from semvid.mllm.embedded.views import View, view
from semvid.mllm.shown import Spread

SAMPLES: Final = 24  # frames that are looked at closely, spread evenly
SEEN: Final = 0.4  # score from which a thing counts, 0..1
HINTED: Final = 0.1  # score below which the detector says nothing of a thing
_PERSISTENT: Final = 0.15  # share of the samples in which a thing is seen at least


class Evidence:
    """One video.

    Args:
        frames: all of them, in time order, uint8 RGB of one size; read once, at once.

    Attributes:
        cuts: hard cuts.
        shots: samples of each shot, in time order; a shot so short that none fell into it is missing.
    """

    def __init__(self, frames: Iterable[Picture]) -> None:
        detector, spread = CutDetector(), Spread(SAMPLES)
        starts = []
        for index, frame in enumerate(frames):
            if detector.push(frame):
                starts.append(index)
            spread.push(frame)
        self.cuts = len(starts)
        by_shot: dict[int, list[Picture]] = {}
        for index, picture in spread.pictures():
            by_shot.setdefault(sum(start <= index for start in starts), []).append(picture)
        self.shots = list(by_shot.values())

    @cached_property
    def views(self) -> list[list[View]]:
        """The samples made ready to be measured, by shot."""
        return [[view(picture) for picture in shot] for shot in self.shots]

    @property
    def all_views(self) -> list[View]:
        """The same, in one list."""
        return [one for shot in self.views for one in shot]

    @cached_property
    def camera(self) -> Counter[str]:
        """What the camera does, in words, by the number of samples of the shots in which it does so; no words
        for shots in which that cannot be told."""
        told: Counter[str] = Counter()
        for shot in self.views:
            told[motion(shot).camera] += len(shot)
        return told

    @cached_property
    def hints(self) -> list[tuple[Thing, ...]]:
        """Things in each sample, down to a score of `HINTED`."""
        return [_detector()(picture) for shot in self.shots for picture in shot]

    @cached_property
    def seen(self) -> list[list[Thing]]:
        """Those that are seen, in each sample."""
        return [[thing for thing in sample if thing.score >= SEEN] for sample in self.hints]

    def of(self, name: str) -> list[list[Thing]]:
        """Those of one class that is there, in each sample that shows any; empty where it is not.

        It is there where it is seen in two samples, and in a share of them that no slip of the detector
        reaches; of a video with one sample, in that.
        """
        samples = [[thing for thing in sample if thing.name == name] for sample in self.seen]
        showing = [sample for sample in samples if sample]
        return showing if len(showing) >= max(min(2, len(samples)), _PERSISTENT * len(samples)) else []

    def best_score(self, name: str | None = None) -> float:
        """Of a class, or of any, in any sample; `HINTED` where the detector says nothing of it."""
        scores = [t.score for sample in self.hints for t in sample if name in (None, t.name)]
        return max(scores, default=HINTED)

    def names(self) -> list[str]:
        """Classes that are there, the largest first."""
        area: Counter[str] = Counter()
        for sample in self.seen:
            for thing in sample:
                area[thing.name] += round(1e6 * thing.area)  # whole numbers: the order is the same anywhere
        return [name for name, _ in area.most_common() if self.of(name)]


@cache
def _detector() -> Detector:
    return Detector(least_score=HINTED)
