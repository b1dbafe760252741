"""Uniform keyframes: semvid's picture code and link without its selection, captions and motion scores."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

from evaluation.clips import Clip
from evaluation.in_process import ReceivingEnd
from evaluation.link import Air, InProcessLink, verified
from evaluation.method import Conditions, Outcome
from evaluation.methods.budget import budget_symbols, spend
from evaluation.methods.cache import EncodeCache, cache_folder
from evaluation.methods.ladder import finest_crf
from evaluation.methods.quality import Judge, make_judge, tuning_frames
from evaluation.methods.semantic import shown
from evaluation.symbol_count import SymbolCount
from receiver.decoders.decoder import Decoder, SegmentRequest
from semvid.images.cuts import CutDetector
from semvid.images.finishing import RESTORATION, restored
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from semvid.images.resize import at_size
from semvid.images.restorer import Coding, Restorer, named
from semvid.images.types import Picture
from semvid.link.packing import CodedGroup, block_payloads
from semvid.options import TransmissionOptions
from semvid.semantics import SideUnit, StreamEnd
from semvid.video.reader import Frame
from transmitter.header import stream_header
from transmitter.keyframes.selection import Reason, Selected
from transmitter.rate.model import coded_size

GAPS: Final = (4, 8, 16, 32, 64, 128)  # frames from one keyframe to the next
SHRINKS: Final = (1, 2, 4)  # of width and height, where nothing fits at a larger size
CRFS: Final = range(69, 26, -3)


Sending: TypeAlias = tuple[list[SideUnit], CodedGroup]
"""A group of keyframes, and the units that travel with it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rival may choose.

    Attributes:
        gap: frames from one keyframe to the next.
        crf: of keyframes.
        shrink: what their width and height are divided by.
    """

    gap: int
    crf: int
    shrink: int


class UniformKeyframes:
    """Keyframes at equal distances and at both sides of hard cuts, the best of a grid of gaps and CRFs.

    They are coded smaller where no full-sized setting is cheap enough, as semvid's are.

    Args:
        name: of the row.
        decoder: fills the frames in between.
        restorer: of keyframes, as in the settings of our receiver.
    """

    def __init__(self, name: str, decoder: Decoder, restorer: str = "none") -> None:
        self.name = name
        self._decoder, self._restorer = decoder, named(restorer)

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """See `evaluation.method.Method`. Without a target it spends `DEFAULT_CBR`."""
        judge = make_judge()
        cache = EncodeCache(cache_folder(folder), clip, "keyframe pyramids")
        grid = Grid(clip, self._decoder, judge, cache, self._restorer)
        budget = budget_symbols(clip, target_cbr)

        def send(chosen: Setting) -> Outcome:
            air, receiver = Air(conditions), ReceivingEnd(self._decoder, self._restorer)
            link = InProcessLink(air, receiver.take)
            settings: dict[str, Any] = asdict(chosen) | {"chosen_by": judge.name}
            if self._restorer is not None:
                settings["restorer"] = self._restorer.digest
            header_arrived = _send(link, grid, chosen)
            receiver.end()
            symbols = verified(link.harq.record.ledger.symbols, air)
            if header_arrived:
                return shown(clip, receiver, symbols, air, settings)
            reason = f"the stream header was lost in all {link.harq.record.rounds} rounds"
            return Outcome(symbols=symbols, crossed=air.crossed, settings=settings, failed=reason)

        return spend(
            budget,
            lambda planned: grid.best(planned, conditions.snr_db),
            lambda chosen: grid.cost(chosen, conditions.snr_db),
            send,
            f"no setting of {self.name} is as cheap as {budget} symbols",
        )


class Grid:
    """Gaps and CRFs on one clip: what each costs when all arrives, and how good it is."""

    def __init__(
        self, clip: Clip, decoder: Decoder, judge: Judge, cache: EncodeCache, restorer: Restorer | None = None
    ) -> None:
        self._clip, self._decoder, self._judge, self._cache = clip, decoder, judge, cache
        self._restorer = restorer
        self.groups = lru_cache(maxsize=None)(self._groups)
        detector = CutDetector()
        self._shot_starts = [i for i, picture in enumerate(clip.pictures) if detector.push(picture)]

    def selected(self, gap: int) -> list[Selected]:
        """The keyframes of one gap."""
        last, starts = len(self._clip.pictures) - 1, self._shot_starts
        frames = {*range(0, last, gap), last, *starts, *(start - 1 for start in starts)}
        return [
            Selected(Frame(i, i, self._clip.pictures[i]), Reason.INTERVAL, shot_start=i in starts)
            for i in sorted(frames)
        ]

    def best(self, budget: float, snr_db: float) -> Setting | None:
        """The best quality that costs at most ``budget`` symbols, at the largest size that has any."""
        for shrink in SHRINKS:
            best = self._best_at(shrink, budget, snr_db)
            if best is not None:
                return best
        return None

    def _best_at(self, shrink: int, budget: float, snr_db: float) -> Setting | None:
        fitting: list[tuple[float, int, int]] = []
        for gap in (gap for gap in GAPS if gap < 2 * len(self._clip.pictures)):

            def cost(crf: int, gap: int = gap) -> float:
                return self.cost(Setting(gap, crf, shrink), snr_db)

            crf = finest_crf(CRFS, budget, cost)
            if crf is not None:
                fitting.append((self._quality(Setting(gap, crf, shrink)), gap, crf))
        if not fitting:
            return None
        quality, gap, crf = max(fitting)
        for finer in (Setting(gap, crf, shrink) for crf in range(crf - abs(CRFS.step) + 1, crf)):
            if self.cost(finer, snr_db) <= budget and self._quality(finer) > quality:
                return finer
        return Setting(gap, crf, shrink)

    def cost(self, setting: Setting, snr_db: float) -> float:
        """Symbols over a steady channel of ``snr_db`` where no block is lost."""
        name = ("cost", snr_db, *astuple(setting))
        cost = self._cache.value(*name)
        if cost is None:
            cost = steady_cost(self.groups(setting), snr_db)
            self._cache.store_value(cost, *name)
        return float(cost)

    def _quality(self, setting: Setting) -> float:
        filled = type(self._decoder).__name__
        restored = () if self._restorer is None else (self._restorer.digest,)
        name = ("quality", self._judge.name, filled, *restored, *astuple(setting))
        quality = self._cache.value(*name)
        if quality is None:
            quality = self._judge.mean(self._clip, self._shown(setting))
            self._cache.store_value(quality, *name)
        return float(quality)

    def _shown(self, setting: Setting) -> Callable[[int], Picture]:
        source = self._clip.source
        decoder = KeyframeDecoder(*coded_size(source, setting.shrink))
        selected = self.selected(setting.gap)
        frames = [one.frame.index for one in selected]
        size = source.width, source.height
        keyframes: list[Picture] = []
        for _, group in self.groups(setting):
            decoded = [
                self._finished(decoder.decode(packet), decoder.quantiser, layer)
                for packet, layer in zip(group.packets, group.group.layers(), strict=True)
            ]
            places = [picture.place for picture in group.group.pictures]
            keyframes += [
                picture for _, picture in sorted(zip(places, decoded, strict=True), key=itemgetter(0))
            ]

        @lru_cache(maxsize=1)
        def between(number: int) -> dict[int, Picture]:
            """The pictures that are looked at between keyframe ``number`` and the next."""
            first, stop = frames[number] + 1, frames[number + 1]
            wanted = {index for index in tuning_frames(self._clip) if first <= index < stop}
            if selected[number + 1].shot_start:
                return dict.fromkeys(wanted, keyframes[number])
            start, end = keyframes[number], keyframes[number + 1]
            rate = float(self._clip.source.frame_rate)
            request = SegmentRequest(start, end, *size, "", None, stop - first, rate, seed=0)
            made = self._decoder.generate(request, lambda _: None, lambda: False)
            return {index: picture for index, picture in enumerate(made, first) if index in wanted}

        def shown(index: int) -> Picture:
            number = bisect_right(frames, index) - 1
            return keyframes[number] if frames[number] == index else between(number)[index]

        return shown

    def _finished(self, picture: Picture, quantiser: int, layer: int) -> Picture:
        """A decoded keyframe as the receiver shows it."""
        size = self._clip.source.width, self._clip.source.height
        shown = at_size(picture, size)
        if self._restorer is None:
            return shown
        coding = Coding.of(quantiser, (picture.shape[1], picture.shape[0]), size, layer)
        return restored(shown, coding, self._restorer)

    def _groups(self, setting: Setting, first: int = 0) -> list[Sending]:
        return coded(
            self._clip,
            self.selected(setting.gap),
            setting,
            0 if self._restorer is None else RESTORATION,
            first,
        )


def coded(
    clip: Clip, selected: list[Selected], setting: Setting, restoration: int = 0, first: int = 0
) -> list[Sending]:
    """Keyframes in groups, and what travels beside each: the header with the first, the end with the last.

    Args:
        selected: all of them.
        restoration: that the receiver is asked for.
        first: the number of the first to be coded; it leans on none before it.
    """
    size = coded_size(clip.source, setting.shrink)
    groups: list[Sending] = []
    number = first
    for shot in _shots(selected[first:]):
        with KeyframeEncoder(*size, setting.crf) as encoder:
            made = [group for one in shot for group in encoder.push(at_size(one.frame.picture, size))]
            made += encoder.finish()
        for group in made:
            members = selected[number : number + len(group)]
            frames = [one.frame.index for one in members]
            options = TransmissionOptions()
            units: list[SideUnit] = (
                [] if number else [stream_header(clip.source, options, size, restoration=restoration)]
            )
            if number + len(group) == len(selected):
                units.append(StreamEnd(len(clip.pictures), len(selected)))
            groups.append((units, CodedGroup.of(group, number, frames, members[0].shot_start)))
            number += len(group)
    return groups


def steady_cost(groups: list[Sending], snr_db: float) -> int:
    """Symbols over a steady channel where no block is lost."""
    count = SymbolCount(snr_db)
    for units, group in groups:
        count.ship(block_payloads(units, group, count.bulk_limit_bytes))
    return count.symbols


def _shots(selected: list[Selected]) -> list[list[Selected]]:
    starts = [n for n, one in enumerate(selected) if n == 0 or one.shot_start]
    return [selected[a:b] for a, b in pairwise([*starts, len(selected)])]


def _send(link: InProcessLink, grid: Grid, setting: Setting) -> bool:
    """Keyframes with header and end, without other units; False where the header was lost.

    Behind a lost anchor what is left is coded anew, as semvid does.
    """
    groups: list[Sending] = grid.groups(setting)
    while groups:
        for units, coded in groups:
            group = coded.group
            delivery = link.ship(block_payloads(units, coded, link.bulk_limit_bytes))
            if group.number == 0 and not delivery.protected:
                return False
            lost = coded.pictures_in(delivery.lost)
            if any(layer == 0 and index in lost for index, layer in enumerate(group.layers())):
                break
        groups = grid.groups(setting, group.stop)
    return True
