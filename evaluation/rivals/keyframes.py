"""Uniform keyframes: semvid's picture code and link without its selection, captions and motion scores."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

from evaluation.clips import Clip
from evaluation.in_process import InProcessCall, ReceivingEnd
from evaluation.link import RETRANSMISSIONS, Air, verified
from evaluation.methods import Conditions, Outcome
from evaluation.rivals.budget import budget_symbols
from evaluation.rivals.cache import EncodeCache, cache_folder
from evaluation.rivals.judge import Judge, judged, make_judge
from evaluation.rivals.ladder import finest_crf
from evaluation.rivals.semantic import shown
from evaluation.rivals.video_code import Stream
from evaluation.symbol_count import SymbolCount
from receiver.decoders.decoder import Decoder, SegmentRequest
from receiver.scaling import at_video_size
from semvid.errors import TransmissionFailed
from semvid.images.keyframe_codec import EncodedPicture, KeyframeDecoder, KeyframeEncoder
from semvid.images.types import Picture
from semvid.semantics import StreamEnd, StreamHeader, Unit
from semvid.video.reader import Frame
from transmitter.keyframes.cuts import CutDetector
from transmitter.keyframes.selection import Reason, Selected
from transmitter.link_call import LinkCall
from transmitter.options import TransmissionOptions
from transmitter.pipeline import stream_header
from transmitter.sender import Sender, keyframe_parts
from transmitter.shrinking import coded_size, shrunk_to

GAPS: Final = (4, 8, 16, 32, 64, 128)  # frames from one keyframe to the next
SHRINKS: Final = (1, 2, 4)  # of width and height, where nothing fits at a larger size
CRFS: Final = range(69, 26, -3)
_ATTEMPTS: Final = 6  # at what the channel made dearer than planned
_SMALLER: Final = 0.98


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
    """

    def __init__(self, name: str, decoder: Decoder) -> None:
        self.name = name
        self._decoder = decoder

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """See `evaluation.methods.Method`. Without a target it spends `DEFAULT_CBR`."""
        judge = make_judge()
        grid = Grid(clip, self._decoder, judge, EncodeCache(cache_folder(folder), clip, "keyframes"))
        budget = budget_symbols(clip, target_cbr)
        planned = float(budget)
        for _ in range(_ATTEMPTS):
            chosen = grid.best(planned, conditions.snr_db)
            if chosen is None:
                break
            air, receiver = Air(conditions), ReceivingEnd(self._decoder)
            call = InProcessCall(air, receiver, self._decoder)
            sender = Sender(cast(LinkCall, call), "auto", RETRANSMISSIONS)
            settings: dict[str, Any] = asdict(chosen) | {"chosen_by": judge.name}
            try:
                asyncio.run(_send(sender, clip, grid.selected(chosen.gap), chosen))
            except TransmissionFailed as error:
                symbols = verified(sender.record.ledger.symbols, air)
                return Outcome(lambda: iter(()), symbols, air.crossed, settings=settings, failed=str(error))
            if air.crossed <= budget:
                symbols = verified(sender.record.ledger.symbols, air)
                return shown(clip, receiver, symbols, air, settings)
            expected = grid.cost(chosen, conditions.snr_db)
            planned = expected * min(_SMALLER * budget / air.crossed, _SMALLER)
        return Outcome(
            lambda: iter(()),
            {},
            0,
            settings={"budget_symbols": budget},
            failed=f"no setting of {self.name} is as cheap as {budget} symbols",
        )


class Grid:
    """Gaps and CRFs on one clip: what each costs when all arrives, and how good it is."""

    def __init__(self, clip: Clip, decoder: Decoder, judge: Judge, cache: EncodeCache) -> None:
        self._clip, self._decoder, self._judge, self._cache = clip, decoder, judge, cache
        self.packets = lru_cache(maxsize=None)(self._packets)
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
        selected = self.selected(setting.gap)
        count = SymbolCount(snr_db)
        count.opening(_header(self._clip, setting), len(self._clip.pictures), len(selected))
        for number, (one, packet) in enumerate(zip(selected, self.packets(setting), strict=True)):
            count.keyframe(number, one, EncodedPicture(packet, number == 0), [])
        return count.symbols

    def _quality(self, setting: Setting) -> float:
        name = ("quality", self._judge.name, type(self._decoder).__name__, *astuple(setting))
        quality = self._cache.value(*name)
        if quality is None:
            quality = self._judge.mean(self._clip, self._shown(setting))
            self._cache.store_value(quality, *name)
        return float(quality)

    def _shown(self, setting: Setting) -> Callable[[int], Picture]:
        header = _header(self._clip, setting)
        decoder = KeyframeDecoder(header.coded_width, header.coded_height)
        selected = self.selected(setting.gap)
        frames = [one.frame.index for one in selected]
        keyframes = [at_video_size(decoder.decode(packet), header) for packet in self.packets(setting)]

        @lru_cache(maxsize=1)
        def between(number: int) -> dict[int, Picture]:
            """The pictures that are looked at between keyframe ``number`` and the next."""
            first, stop = frames[number] + 1, frames[number + 1]
            wanted = {index for index in judged(self._clip) if first <= index < stop}
            if selected[number + 1].shot_start:
                return dict.fromkeys(wanted, keyframes[number])
            start, end, size = keyframes[number], keyframes[number + 1], (header.width, header.height)
            rate = float(self._clip.source.frame_rate)
            request = SegmentRequest(start, end, *size, "", None, stop - first, rate, seed=0)
            made = self._decoder.generate(request, lambda _: None, lambda: False)
            return {index: picture for index, picture in enumerate(made, first) if index in wanted}

        def shown(index: int) -> Picture:
            number = bisect_right(frames, index) - 1
            return keyframes[number] if frames[number] == index else between(number)[index]

        return shown

    def _packets(self, setting: Setting) -> list[bytes]:
        stream = self._cache.stream("packets", *astuple(setting))
        if stream is None:
            size = coded_size(self._clip.source, setting.shrink)
            selected = self.selected(setting.gap)
            with KeyframeEncoder(*size, setting.crf) as encoder:
                packets = [encoder.encode(shrunk_to(one.frame.picture, size)).packet for one in selected]
            frames = [one.frame.index for one in selected]
            stream = Stream(packets, frames, *size, setting.gap)
            self._cache.store_stream(stream, "packets", *astuple(setting))
        return stream.packets


def _header(clip: Clip, setting: Setting) -> StreamHeader:
    return stream_header(clip.source, TransmissionOptions(), coded_size(clip.source, setting.shrink))


async def _send(sender: Sender, clip: Clip, selected: list[Selected], setting: Setting) -> None:
    """Sounding, header, keyframes and end, as `transmitter.pipeline` sends them, without other units.

    Raises:
        TransmissionFailed: the header was lost.
    """
    header = _header(clip, setting)
    size = header.coded_width, header.coded_height
    await sender.sound()
    with KeyframeEncoder(*size, setting.crf) as encoder:
        for number, one in enumerate(selected):
            units: list[Unit] = [header] if number == 0 else []
            if number == len(selected) - 1:
                units.append(StreamEnd(len(clip.pictures), len(selected)))
            coded = encoder.encode(shrunk_to(one.frame.picture, size))
            parts = keyframe_parts(
                number, one.frame.index, coded.packet, one.shot_start, coded.refresh, sender.part_bytes()
            )
            delivery = await sender.ship(units, parts)
            if number == 0 and not delivery.protected:
                raise TransmissionFailed(f"the stream header was lost in all {sender.rounds} rounds")
            if not delivery.bulk:
                encoder.refresh()
    await sender.finish()
