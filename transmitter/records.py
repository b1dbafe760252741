"""What a job leaves on disk: its resource as JSON, its semantics as lines of JSON.

Nothing here is held in memory per frame or per keyframe, so that a long video costs disk, not memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TextIO

from semvid import text
from semvid.link.harq import Delivery
from semvid.semantics import Caption, Motion, Unit
from semvid.video.reader import Frame
from transmitter.encoder import Shipment
from transmitter.keyframes.selection import Comparison

KINDS = ("keyframes", "candidates", "captions", "motions")


class SemanticsRecord:
    """Append-only lines by kind: every candidate, keyframe, caption and motion score of one job.

    Args:
        folder: of the job.
        time_base: of the source's time stamps, seconds.
    """

    def __init__(self, folder: Path, time_base: Fraction) -> None:
        self._folder = folder
        self._time_base = time_base
        self._files: dict[str, TextIO] = {}

    def add_comparisons(self, comparisons: Sequence[Comparison]) -> None:
        """What the multimodal model was asked and answered."""
        for comparison in comparisons:
            answer = comparison.answer
            self._append(
                "candidates",
                frame=comparison.frame.index,
                time_s=self._seconds(comparison.frame),
                reference_frame=comparison.reference_frame,
                p_yes=round(answer.p_yes, 6),
                p_no=round(answer.p_no, 6),
                s_rel=round(answer.s_rel, 6),
                mass=round(answer.mass, 6),
                decision=comparison.decision,
            )

    def add_keyframe(self, shipment: Shipment, delivery: Delivery) -> None:
        """The keyframe of a shipment, if it has one, and whether it arrived."""
        selected, coded = shipment.segment.keyframe, shipment.coded
        if selected is None:
            return
        self._append(
            "keyframes",
            number=shipment.segment.number,
            frame=selected.frame.index,
            time_s=self._seconds(selected.frame),
            reason=selected.reason.value,
            shot_start=selected.shot_start,
            refresh=coded is not None and coded.refresh,
            bytes=0 if coded is None else len(coded.packet),
            crf=shipment.crf,
            delivered=delivery.protected if coded is None else delivery.bulk,
        )

    def add_units(self, units: Sequence[Unit]) -> None:
        """Captions and motion scores that were sent."""
        for unit in units:
            match unit:
                case Caption(first, last, sentence):
                    size = len(text.compress(sentence))
                    self._append("captions", first=first, last=last, text=sentence, bytes=size)
                case Motion(segment, score):
                    self._append("motions", segment=segment, score=score)

    def _seconds(self, frame: Frame) -> float:
        return round(float(frame.pts * self._time_base), 6)

    def _append(self, kind: str, **fields: Any) -> None:
        if kind not in self._files:
            self._files[kind] = _lines(self._folder, kind).open("a", encoding="utf-8")
        self._files[kind].write(json.dumps(fields) + "\n")
        self._files[kind].flush()

    def close(self) -> None:
        """Closes the files."""
        for file in self._files.values():
            file.close()


def stream_semantics(folder: Path, head: dict[str, Any]) -> Iterator[str]:
    """The semantics of one job as the text of one JSON object, piece by piece.

    Args:
        folder: of the job.
        head: fields that come first.
    """
    yield json.dumps(head)[:-1]
    for kind in KINDS:
        yield f', "{kind}": ['
        path = _lines(folder, kind)
        if path.exists():
            with path.open(encoding="utf-8") as file:
                for number, line in enumerate(file):
                    yield ("" if number == 0 else ", ") + line.rstrip("\n")
        yield "]"
    yield "}"


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replaces ``path`` at once, so that a reader or a crash never sees half of it."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _lines(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.jsonl"
