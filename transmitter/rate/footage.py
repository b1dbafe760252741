"""Excerpts of a clip, read once: the keyframes that are certain, and the frames that may become some."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from semvid.images.finishing import MOST_RESTORED
from semvid.images.restorer import Restorer, shipped
from semvid.mllm import EMBEDDED
from semvid.mllm.library import load
from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame, read_excerpt, read_frames
from transmitter.keyframes import BRIDGING_STEP_S, make_selector
from transmitter.keyframes.gaps import Window
from transmitter.keyframes.selection import Reason, Selected

WHOLE_S: Final = 6.0  # a clip up to here is tried as it is
_EXCERPT_S: Final = 4.0  # of a longer one
_SHORT_S: Final = 12.0  # a clip up to here has two excerpts,
_SHORT_EXCERPT_S: Final = 3.0  # its beginning and its end
_MOST_EXCERPTS: Final = 3
_BETWEEN_S: Final = 8.0  # from one excerpt to the next, until there are the most
_MOST_BYTES: Final = 256 * 2**20  # of pictures held; larger ones shorten the excerpts


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One excerpt.

    Attributes:
        certain: the keyframes that there are at any density, in order.
        windows: of the gaps between them, where bridging may want more.
        frames: of the excerpt.
    """

    certain: list[Selected]
    windows: list[Window]
    frames: int

    def keyframes(self, price: float) -> list[Selected]:
        """The keyframes that pay at a price, in order."""
        more = [Selected(f, Reason.BRIDGE) for window in self.windows for f in window.that_pay(price)]
        return sorted([*self.certain, *more], key=lambda selected: selected.frame.index)

    def between(self, first: int, last: int) -> list[Frame]:
        """Frames held that lie strictly between two others."""
        held = {f.index: f for window in self.windows for f in window.grid if first < f.index < last}
        return [held[index] for index in sorted(held)]


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Excerpts of one clip.

    Attributes:
        source: of the clip.
        options: of the transmission.
        parts: in the order of time; the first begins with the clip.
        whole: the clip ends with the first part. Of several parts, which stand for all of it, the keyframe
            that merely ends one does not count.
        restores: the receiver has a restorer of keyframes, and they are not too large for it.
        restorer: that one; None where it is not the one that comes with semvid, so that nobody here knows
            what it will make of them.
    """

    source: SourceInfo
    options: TransmissionOptions
    parts: list[Part]
    whole: bool
    restores: bool = False
    restorer: Restorer | None = None

    def keyframes(self, part: Part, price: float) -> list[Selected]:
        """The keyframes of ``part`` that pay at a price, in order, less one that merely ends it."""
        selected = part.keyframes(price)
        merely_ends = not self.whole and 0 < selected[-1].frame.index == part.frames - 1
        return selected[:-1] if merely_ends else selected

    @property
    def one_shot(self) -> bool:
        """Whether no cut was met."""
        return not any(one.shot_start for part in self.parts for one in part.certain if one.frame.index)

    def frames(self, part: Part, selected: list[Selected]) -> int:
        """Frames of ``part`` that its keyframes stand for."""
        if self.whole:
            return part.frames
        return max(1, selected[-1].frame.index - selected[0].frame.index)

    @classmethod
    def read(
        cls,
        upload: Path,
        source: SourceInfo,
        limits: VideoLimits,
        options: TransmissionOptions,
        profile: Profile,
    ) -> Footage:
        """Reads the beginning of a clip, and where a CBR is to be met places all over it.

        Keyframes of the PSSS rule count against a target; the embedded model says how many there may be,
        whoever decides in the end.
        """
        held_per_s = 3 * source.width * source.height * (1 / BRIDGING_STEP_S + 2)
        most_s = max(1.0, _MOST_BYTES / held_per_s)
        length_s, starts = min(_EXCERPT_S, most_s), [0.0]
        whole = source.duration_s <= min(WHOLE_S, most_s)
        if whole:
            length_s = math.inf
        elif options.target_cbr is not None:
            if source.duration_s <= _SHORT_S:
                length_s = min(_SHORT_EXCERPT_S, most_s)
            wanted = max(2, round(source.duration_s / _BETWEEN_S))
            count = min(_MOST_EXCERPTS, int(most_s / length_s), wanted)
            last = source.duration_s - length_s
            starts = [last * n / (count - 1) for n in range(count)] if count > 1 else starts
        mllm = None if options.target_cbr is None else load(EMBEDDED)
        parts: list[Part] = []
        for start in starts:
            windows: list[Window] = []
            selector = make_selector(options, source, profile, mllm, lambda: math.inf, windows=windows.append)
            frames = _frames(upload, source, limits, start, length_s)
            certain: list[Selected] = []
            read = 0
            with closing(frames):
                for frame in frames:
                    certain += selector.push(frame)
                    read += 1
            certain += selector.finish()
            if certain and (not parts or read > 1):
                parts.append(Part(certain, windows, read))
        restores = bool(profile.restorer) and source.width * source.height <= MOST_RESTORED
        known = restores and profile.restorer == shipped().digest
        return cls(source, options, parts, whole, restores, shipped() if known else None)


def _frames(
    upload: Path, source: SourceInfo, limits: VideoLimits, start_s: float, length_s: float
) -> Generator[Frame, None, None]:
    last = source.frame_count_hint if math.isinf(length_s) else math.ceil(length_s * source.frame_rate)
    if not start_s:
        with closing(read_frames(upload, source, limits)) as frames:
            yield from takewhile(lambda frame: frame.index <= last, frames)
        return
    with closing(read_excerpt(upload, source, start_s, limits)) as pictures:
        for index, picture in takewhile(lambda pair: pair[0] <= last, enumerate(pictures)):
            yield Frame(index, index, picture)
