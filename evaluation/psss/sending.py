"""What a receiver shows of chosen keyframes: uncoded, or coded and sent over the link."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice, pairwise
from typing import Final

from evaluation.in_process import ReceivingEnd
from evaluation.link import Air, InProcessLink, verified
from evaluation.method import Conditions
from evaluation.methods.keyframes import Setting, coded
from evaluation.psss.piece import Piece
from receiver.decoders.decoder import Decoder, SegmentRequest
from semvid.images.types import Picture
from semvid.link.packing import block_payloads
from semvid.video.reader import Frame
from transmitter.keyframes.selection import Reason, Selected

CRF: Final = 40
_SEED: Final = 0  # of a decoder that draws


def bridged(
    piece: Piece, start: int, stop: int, wanted: Collection[int], decoder: Decoder
) -> dict[int, Picture]:
    """Pictures of ``wanted`` frames between two keyframes that are as in the source."""
    pictures, source = piece.clip.pictures, piece.clip.source
    request = SegmentRequest(
        *(pictures[start], pictures[stop], source.width, source.height, "", None, stop - start - 1),
        float(source.frame_rate),
        seed=_SEED,
    )
    made = decoder.generate(request, lambda _: None, lambda: False)
    made = islice(made, max(wanted) - start)  # no further than is looked at
    return {frame: picture for frame, picture in enumerate(made, start + 1) if frame in wanted}


def gap_of(frame: int, keyframes: Sequence[int]) -> tuple[int, int]:
    """The keyframes around a frame that is none."""
    return next((start, stop) for start, stop in pairwise(keyframes) if start < frame < stop)


def sent(
    piece: Piece, keyframes: Sequence[int], conditions: Conditions, decoder: Decoder
) -> tuple[Mapping[int, Picture], int]:
    """What arrives of keyframes coded at `CRF`, at their frames and at the judged ones; and all symbols.

    Raises:
        RuntimeError: not every frame came out, or the ledger is wrong.
    """
    selected = [
        Selected(Frame(frame, frame, piece.clip.pictures[frame]), Reason.INTERVAL) for frame in keyframes
    ]
    air, receiver = Air(conditions), ReceivingEnd(decoder)
    link = InProcessLink(air, receiver.take)
    for units, group in coded(piece.clip, selected, Setting(gap=0, crf=CRF, shrink=1)):
        link.ship(block_payloads(units, group, link.bulk_limit_bytes))
    receiver.end()
    verified(link.harq.record.ledger.symbols, air)
    wanted = {*keyframes, *piece.judged}
    shown = {frame: picture for frame, picture in enumerate(receiver.pictures()) if frame in wanted}
    if set(shown) != wanted:
        raise RuntimeError(f"{piece.name}: {len(wanted - set(shown))} frames of {len(wanted)} were not shown")
    return shown, air.crossed
