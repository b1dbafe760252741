"""A decoder that fails costs its segments, not the video."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.gaps import Anchor, Gap
from receiver.pipeline import Pipeline
from receiver.reception import ReceivedKeyframe
from receiver.record import VideoRecord
from receiver.settings import ReceiverSettings
from receiver.video_files import VideoFiles
from semvid.images.restorer import Coding
from semvid.semantics import HdrColour, HdrTransfer, StreamHeader
from semvid.video.probe import probe
from semvid.video.reader import read_frames

HEADER = StreamHeader(96, 64, 96, 64, Fraction(1, 24), Fraction(24), seed=7)

CODING = Coding(quantiser=200, size=1.0, layer=0)


class Failing(EmbeddedDecoder):
    """The embedded decoder, except that a gap of ``span`` frames fails after ``made`` of them, at first."""

    def __init__(self, span: int, made: int, times: int) -> None:
        super().__init__()
        self.span, self.made, self.times = span, made, times
        self.rates: set[float] = set()

    def generate(self, request: SegmentRequest, *rest: Any) -> Iterator[np.ndarray]:
        self.rates.add(request.frame_rate)
        for number, picture in enumerate(super().generate(request, *rest)):
            if request.num_frames == self.span and number == self.made and self.times:
                self.times -= 1
                raise RuntimeError("the card fell off the bus")
            yield picture


@pytest.fixture
def files(tmp_path: Path) -> VideoFiles:
    """A video of which four keyframes arrived."""
    files = VideoFiles(tmp_path / "video")
    files.create()
    for number, frame in enumerate((0, 8, 15, 24)):
        picture = np.full((64, 96, 3), 40, np.uint8)
        picture[16:48, 2 * frame : 2 * frame + 24] = 220
        files.note_keyframes(
            [files.keep_picture(ReceivedKeyframe(number, frame, 100, False, picture, CODING))]
        )
    return files


def run(
    files: VideoFiles, decoder: Any, restorer: Any = None, codings: Any = None, header: StreamHeader = HEADER
) -> VideoRecord:
    header = header if restorer is None else replace(header, restoration=7)
    record = VideoRecord("0" * 16)
    anchors = [Anchor(number, frame) for number, frame in enumerate((0, 8, 15, 24))]
    with ThreadPoolExecutor(1) as pool:
        settings = ReceiverSettings()
        pipeline = Pipeline(header, files, record, decoder, pool, settings, lambda: None, restorer)
        for anchor in anchors:
            pipeline.note(anchor.number, codings[anchor.number] if codings else CODING)
        pipeline.submit(Gap(None, anchors[0], 0))
        for start, end in pairwise(anchors):
            pipeline.submit(Gap(start, end, end.frame))
        pipeline.close()
        pipeline.join()
    assert pipeline.error is None
    assert set(pipeline._codings) <= {anchors[-1].number}  # those behind are forgotten
    return record


def runs(files: VideoFiles) -> list[tuple[int, int, str, str]]:
    keys = ("first_frame", "last_frame", "provenance", "reason")
    return [tuple(entry[key] for key in keys) for entry in files.lines("segments")]


def test_one_failure_leaves_no_trace(files: VideoFiles) -> None:
    decoder = Failing(span=6, made=2, times=1)
    record = run(files, decoder)
    assert record.frames_written == 25
    assert record.segments == {"received": 4, "regenerated": 3, "concealed": 0}
    assert decoder.times == 0
    assert decoder.rates == {24.0}


@pytest.mark.parametrize("made", [0, 2])
def test_two_failures_are_concealed_and_said_to_be(files: VideoFiles, made: int) -> None:
    record = run(files, Failing(span=6, made=made, times=2))
    assert record.frames_written == 25
    assert record.segments == {"received": 4, "regenerated": 2 + bool(made), "concealed": 1}
    reason = "regeneration failed twice: RuntimeError: the card fell off the bus"
    middle = [(9, 14, "concealed", reason)] if not made else [
        (9, 10, "regenerated", ""), (11, 14, "concealed", reason)
    ]  # fmt: skip
    assert runs(files) == [
        (0, 0, "received", ""), (1, 7, "regenerated", ""), (8, 8, "received", ""), *middle,
        (15, 15, "received", ""), (16, 23, "regenerated", ""), (24, 24, "received", ""),
    ]  # fmt: skip
    assert sum(1 for _ in read_frames(files.mp4, probe(files.mp4))) == 25


class Inverting:
    """A restorer that is told which keyframe it has, by its quantiser."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def restore(self, picture: np.ndarray, coding: Coding) -> np.ndarray:
        self.told.append(coding.quantiser)
        return 255 - picture


def test_keyframes_are_restored_once_each_before_anything_is_drawn_between(files: VideoFiles) -> None:
    restorer = Inverting()
    codings = [Coding(quantiser=10 * number, size=1.0, layer=0) for number in range(4)]
    run(files, EmbeddedDecoder(), restorer, codings)
    assert sorted(restorer.told) == [0, 10, 20, 30]
    shown = [frame.picture for frame in read_frames(files.mp4, probe(files.mp4))]
    assert all(picture[2:8, 2:8].mean() > 200 for picture in shown)  # the ground was dark


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(16, 11), Fraction(45, 64)])
def test_the_shape_of_pixels_is_that_of_the_header(files: VideoFiles, aspect: Fraction) -> None:
    run(files, EmbeddedDecoder(), header=replace(HEADER, pixel_aspect=aspect))
    info = probe(files.mp4)
    assert info.pixel_shape.aspect == aspect
    assert (info.width, info.height) == (HEADER.width, HEADER.height)


@pytest.mark.parametrize("transfer", HdrTransfer)
def test_hdr_is_that_of_the_header(files: VideoFiles, transfer: HdrTransfer) -> None:
    """In the values of the keyframes, which nobody maps."""
    run(files, EmbeddedDecoder())
    plain = [frame.picture for frame in read_frames(files.mp4, probe(files.mp4))]
    run(files, EmbeddedDecoder(), header=replace(HEADER, hdr=HdrColour(transfer)))
    info = probe(files.mp4).keeping_hdr()
    assert info.kept == HdrColour(transfer)
    kept = [frame.picture for frame in read_frames(files.mp4, info)]
    assert len(kept) == len(plain)
    assert np.abs(np.array(kept).astype(int) - plain).mean() < 3
