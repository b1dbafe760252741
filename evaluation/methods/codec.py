"""A ready-made video code over our physical layer, at the best point of its ladder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import av
import numpy as np
from numpy.typing import NDArray

from evaluation.clips import Clip
from evaluation.link import Air, Arrival, ByteLink, verified
from evaluation.method import Conditions, Outcome
from evaluation.methods.budget import budget_symbols, bytes_within
from evaluation.methods.cache import EncodeCache, cache_folder
from evaluation.methods.ladder import Ladder
from evaluation.methods.quality import Judge, make_judge, tuned_on_judged
from evaluation.methods.showing import AS_DECODED, Restored, Show, Showing
from evaluation.methods.video_code import (
    Stream,
    VideoCode,
    decode,
    options_of,
    shown_at,
)
from semvid.images.restorer import named
from semvid.images.types import Picture
from semvid.link.harq import RETRANSMISSIONS

Planes = dict[int, NDArray[np.uint8]]

_ATTEMPTS: Final = 4  # at a stream whose repetitions cost more than those of the trial bytes
_SMALLER: Final = 0.97
_PIXELS_PER_S: Final = range(0, 2_000_000, 10_000)  # within which presets change


class CodecRival:
    """Picks the best setting that the budget pays for, sends its elementary stream, decodes what arrives.

    Args:
        name: of the row.
        code: the video code.
        mcs: code of a fixed modulation and coding scheme, or "auto" for link adaptation.
        retransmissions: rounds of hybrid ARQ.
        planned_snr_db: the SNR that the setting is chosen for; None: that of the conditions. With a fixed
            ``mcs`` and a planned SNR the method does not adapt, and falls off its cliff below it.
        block_bytes: payload of a block at most; None: as much as it holds, which costs least. Smaller blocks
            lose less at a time.
        restorer: of what is decoded, as in the settings of our receiver; for AV1 only.
    """

    def __init__(
        self,
        name: str,
        code: VideoCode,
        mcs: int | Literal["auto"] = "auto",
        retransmissions: int = RETRANSMISSIONS,
        planned_snr_db: float | None = None,
        block_bytes: int | None = None,
        restorer: str = "none",
    ) -> None:
        self.name = name
        network = named(restorer)
        self._showing: Showing = AS_DECODED if network is None else Restored(network)
        self._block_bytes = block_bytes
        self._code, self._mcs, self._retransmissions = code, mcs, retransmissions
        self._planned_snr_db = planned_snr_db

    def run(self, clip: Clip, conditions: Conditions, target_cbr: float | None, folder: Path) -> Outcome:
        """See `evaluation.method.Method`. Without a target it spends `DEFAULT_CBR`."""
        judge, code = make_judge(), self._code
        at_all_speeds = [code.options(0, pixels_per_s) for pixels_per_s in (None, *_PIXELS_PER_S)]
        cache = EncodeCache(cache_folder(folder), clip, code.encoder, at_all_speeds)
        ladder = Ladder(code, clip, judge, cache, self._showing)
        budget = budget_symbols(clip, target_cbr)
        planned = conditions
        if self._planned_snr_db is not None:
            planned = Conditions(self._planned_snr_db, "awgn", None, conditions.seed)
        affordable = bytes_within(budget, planned, self._mcs, self._retransmissions, self._block_bytes)
        for _ in range(_ATTEMPTS):
            setting = ladder.best(affordable)
            if setting is None:
                break
            stream = ladder.stream(setting)
            air = Air(conditions)
            link = ByteLink(air, self._mcs, self._retransmissions)
            arrival = link.send_stream(b"".join(stream.packets), self._block_bytes)
            if air.crossed <= budget or self._planned_snr_db is not None:
                settings: dict[str, Any] = {
                    "scale": setting.scale,
                    "frame_step": setting.step,
                    "crf": setting.crf,
                    "encoder": code.encoder,
                    "encoder_options": options_of(code, clip.pictures[0], clip.source.frame_rate, setting),
                    "av": av.__version__,
                    "stream_bytes": stream.size,
                    "chosen_by": judge.name,
                    "tuned_on_judged": tuned_on_judged(clip),
                    **self._showing.settings,
                }
                show = self._showing.of(stream, setting.crf, (clip.source.width, clip.source.height))
                return received(clip, code, stream, judge, arrival, link, air, settings, show)
            affordable = int(_SMALLER * min(affordable, stream.size))
        return Outcome(
            settings={"budget_symbols": budget, "affordable_bytes": affordable},
            failed=f"no setting of {self.name} is as cheap as {budget} symbols ({affordable} bytes)",
        )


def received(
    clip: Clip,
    code: VideoCode,
    stream: Stream,
    judge: Judge,
    arrival: Arrival,
    link: ByteLink,
    air: Air,
    settings: dict[str, Any],
    show: Show,
) -> Outcome:
    """The outcome of a stream that crossed: decoded, with what was lost concealed as the decoder can."""
    symbols = verified(link.ledger.symbols, air)
    settings = settings | {
        "mcs": dict(link.mcs),
        "blocks": arrival.blocks,
        "blocks_lost": arrival.blocks_lost,
    }

    def showing(planes: Planes) -> Callable[[int], Picture]:
        return lambda index: show(shown_at(stream, planes, index))

    tried = {"": stream.packets} if not arrival.lost else damaged(stream, arrival)
    decoded = {how: decode(code, stream, packets) for how, packets in tried.items()}
    scores = {how: judge.mean(clip, showing(p)) if arrival.lost else 0.0 for how, p in decoded.items() if p}
    if not scores:
        reason = f"the decoder gave no picture; {arrival.blocks_lost} of {arrival.blocks} blocks were lost"
        return Outcome(symbols=symbols, crossed=air.crossed, settings=settings, failed=reason)
    how = max(scores, key=scores.__getitem__)
    planes = decoded[how]
    if arrival.lost:
        coded_pictures = max(stream.pts) + 1
        settings |= {"damaged_packets": how, "pictures_missing": coded_pictures - len(planes)}

    def pictures() -> Iterator[Picture]:
        return map(showing(planes), range(len(clip.pictures)))

    return Outcome(pictures, symbols, air.crossed, settings=settings)


def damaged(stream: Stream, arrival: Arrival) -> dict[str, list[bytes]]:
    """The packets that arrived, in the two ways a receiver may treat those that lost bytes.

    Where packets begin and end is taken as known, which is kind to the rival.
    """
    zeroed: list[bytes] = []
    dropped: list[bytes] = []
    start = 0
    for packet in stream.packets:
        stop = start + len(packet)
        missing = sum(max(0, min(stop, end) - max(start, begin)) for begin, end in arrival.lost)
        zeroed.append(arrival.data[start:stop] if missing < len(packet) else b"")
        dropped.append(packet if not missing else b"")
        start = stop
    return {"zeroed": zeroed, "dropped": dropped}
