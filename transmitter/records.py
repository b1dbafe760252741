"""What a job leaves on disk beside its resource: its semantics as lines of JSON.

Nothing here is held in memory per frame or per keyframe, so that a long video costs disk, not memory.
"""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from semvid import text
from semvid.link.blocks import Delivery
from semvid.semantics import Caption, Unit
from semvid.service.files import JsonLines
from semvid.video.reader import Frame
from transmitter.deadline import Arrival
from transmitter.keyframes.selection import Comparison, Selected
from transmitter.shipment import AnaloguePicture, Segment, Shipment

_PIECE = 2**14  # characters that are sent at a time
KINDS = ("keyframes", "candidates", "captions", "arrivals")


class SemanticsRecord:
    """Append-only lines by kind: every candidate, keyframe and caption of one attempt; earlier ones go.

    Args:
        folder: of the job.
        time_base: of the source's time stamps, seconds.
        most_bytes: that the lines of one kind may take, older ones go; None: they may grow.
    """

    def __init__(self, folder: Path, time_base: Fraction, most_bytes: int | None = None) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._time_base = time_base
        for kind in KINDS:
            (folder / f"{kind}.jsonl").unlink(missing_ok=True)

    def add_comparison(self, comparison: Comparison) -> None:
        """What the multimodal model was asked and answered."""
        scores = ("p_yes", "p_no", "s_rel", "mass")
        self._append(
            "candidates",
            frame=comparison.frame.index,
            time_s=self._seconds(comparison.frame),
            reference_frame=comparison.reference_frame,
            **{name: round(getattr(comparison.answer, name), 6) for name in scores},
            decision=comparison.decision,
        )

    def add_keyframes(self, shipment: Shipment, delivery: Delivery) -> None:
        """The keyframes of a shipment, in the order of time: what each is, and what became of it."""
        coded = shipment.coded
        if shipment.analogue is not None:
            self._add_analogue(shipment, shipment.analogue, delivery)
            return
        lost = set() if coded is None else coded.pictures_in(delivery.lost)
        layers = [] if coded is None else coded.group.layers()
        index_of = {} if coded is None else {p.place: i for i, p in enumerate(coded.group.pictures)}
        for place, segment in enumerate(shipment.segments):
            if segment.keyframe is None:
                continue
            index = index_of.get(place)
            size = 0 if coded is None or index is None else len(coded.packets[index])
            self._append_keyframe(
                segment,
                segment.keyframe,
                layer=None if index is None else layers[index],
                refresh=coded is not None and index == 0 and coded.group.refresh,
                bytes=size,
                crf=shipment.crf,
                delivered=delivery.protected if index is None else size > 0 and index not in lost,
            )

    def _add_analogue(self, shipment: Shipment, picture: AnaloguePicture, delivery: Delivery) -> None:
        """The keyframe of a shipment that crosses as symbols."""
        (segment,) = shipment.segments
        assert segment.keyframe is not None
        self._append_keyframe(
            segment,
            segment.keyframe,
            layer=0,
            refresh=True,
            bytes=len(picture.keyframe.side),
            crf=None,
            symbols=picture.count,
            delivered=picture.symbols is not None and not delivery.lost,
        )

    def add_units(self, units: Sequence[Unit]) -> None:
        """Captions that were sent, with their motion scores."""
        for unit in units:
            if isinstance(unit, Caption):
                size = len(text.compress(unit.text))
                self._append(
                    "captions",
                    first=unit.first,
                    last=unit.last,
                    text=unit.text,
                    bytes=size,
                    motion=unit.motion,
                )

    def add_arrivals(self, arrivals: Sequence[Arrival]) -> None:
        """When each segment of a shipment could be shown."""
        for arrival in arrivals:
            self._append("arrivals", **arrival.resource())

    def _append_keyframe(self, segment: Segment, selected: Selected, **fields: Any) -> None:
        self._append(
            "keyframes",
            number=segment.number,
            frame=selected.frame.index,
            time_s=self._seconds(selected.frame),
            reason=selected.reason.value,
            shot_start=selected.shot_start,
            **fields,
        )

    def _seconds(self, frame: Frame) -> float:
        return round(float(frame.pts * self._time_base), 6)

    def _append(self, kind: str, **fields: Any) -> None:
        _list(self._folder, kind, self._most_bytes).append(fields)


def stream_semantics(folder: Path, head: dict[str, Any]) -> Iterator[str]:
    """The semantics of one job as the text of one JSON object, in pieces of some ten thousand characters:
    a web server takes a thread's turn for each.

    Args:
        folder: of the job.
        head: fields that come first.
    """
    piece: list[str] = []
    size = 0
    for part in _semantics(folder, head):
        piece.append(part)
        size += len(part)
        if size >= _PIECE:
            yield "".join(piece)
            piece.clear()
            size = 0
    yield "".join(piece)


def _semantics(folder: Path, head: dict[str, Any]) -> Iterator[str]:
    yield json.dumps(head)[:-1]
    for kind in KINDS:
        yield f', "{kind}": ['
        for number, entry in enumerate(_list(folder, kind).read()):
            yield ("" if number == 0 else ", ") + json.dumps(entry)
        yield "]"
    yield "}"


def _list(folder: Path, kind: str, most_bytes: int | None = None) -> JsonLines:
    return JsonLines(folder / f"{kind}.jsonl", most_bytes)
