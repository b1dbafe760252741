"""HLG and PQ that stay HLG and PQ."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from semvid.errors import InvalidInput, UnsupportedMedia
from semvid.semantics import HdrColour, HdrTransfer
from semvid.semantics.hdr import KNOWN_PRIMARIES
from semvid.video.colour import tone_mapped
from semvid.video.colour_tags import PRIMARIES
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_excerpt, read_frames
from semvid.video.remarks import remarks
from semvid.video.writer import VideoWriter
from tests.unit.video.patches import SIDE, shown, write_patches

BOTH = [HdrTransfer.HLG, HdrTransfer.PQ]
COLOURS = [
    *((v, v, v) for v in (0.0, 0.25, 0.5, 0.58, 0.75, 1.0)),
    *((0.7, 0.0, 0.0), (0.0, 0.7, 0.0), (0.0, 0.0, 0.7), (0.6, 0.5, 0.1), (0.1, 0.4, 0.6)),
]
# One step for rounding R'G'B' to 8 bits, and what the encoder costs, whose quantiser is that of sharp
# pictures: up to 1.2 in the worst of the channels, blue, where a step of Cb counts 1.9 times.
ROUND_TRIP = 2.5


def kept(path: Path) -> tuple[SourceInfo, np.ndarray]:
    """The middle of each patch in the file's own values, [patches, 3]."""
    info = probe(path).keeping_hdr()
    picture = next(iter(read_frames(path, info))).picture
    return info, picture[SIDE // 2, SIDE // 2 :: SIDE].astype(int)


def written(path: Path, colour: HdrColour, picture: np.ndarray, frames: int = 3, **options: Any) -> Path:
    height, width, _ = picture.shape
    with VideoWriter(path, width, height, Fraction(1, 25), hdr=colour, **options) as writer:
        for index in range(frames):
            writer.append(picture, index)
    return path


def test_all_primaries_that_a_source_may_have_can_be_kept() -> None:
    assert set(KNOWN_PRIMARIES) == set(PRIMARIES)


@pytest.mark.parametrize("transfer", BOTH)
@pytest.mark.parametrize(
    ("pixel_format", "full"), [("yuv420p10le", 1), ("yuv444p12le", 2), ("yuv422p10le", 2), ("yuv444p", 1)]
)
def test_only_matrix_and_range_are_undone(
    tmp_path: Path, transfer: HdrTransfer, pixel_format: str, full: int
) -> None:
    source = write_patches(tmp_path / "a.mkv", COLOURS, (9, 9, transfer, full), pixel_format)
    info, seen = kept(source)
    assert info.kept == HdrColour(transfer, 9)
    coarse = 2 if pixel_format == "yuv444p" else 1  # a step of 8 bits in Cb is 1.9 of blue
    assert np.abs(seen - 255 * np.array(COLOURS)).max() <= coarse


def test_excerpts_are_kept_as_frames_are(tmp_path: Path) -> None:
    path = write_patches(tmp_path / "a.mp4", COLOURS, (9, 9, 18, 1), codec="libx265",
                         options={"x265-params": "lossless=1:log-level=none"}, frames=4)  # fmt: skip
    info, seen = kept(path)
    excerpt = next(read_excerpt(path, info, 0.08))
    assert (excerpt[SIDE // 2, SIDE // 2 :: SIDE] == seen).all()


@pytest.mark.parametrize("transfer", BOTH)
@pytest.mark.parametrize("primaries", [9, 12])
def test_what_is_written_is_read_again_and_tagged(
    tmp_path: Path, transfer: HdrTransfer, primaries: int
) -> None:
    colour = HdrColour(transfer, primaries)
    source = write_patches(tmp_path / "a.mkv", COLOURS, (9, primaries, transfer, 1), rows=2)
    info = probe(source).keeping_hdr()
    assert info.kept == colour
    picture = next(iter(read_frames(source, info))).picture
    path = written(tmp_path / "b.mp4", colour, picture)
    again, seen = kept(path)
    assert again.kept == colour
    assert np.abs(seen - 255 * np.array(COLOURS)).max() <= ROUND_TRIP
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.profile) == ("libdav1d", "Main")
        assert (stream.codec_tag, stream.format.name, stream.frames) == ("av01", "yuv420p10le", 3)
        frame = next(container.decode(stream))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (
            *(9, primaries, transfer, 1),
        )
    nclx = b"colrnclx" + b"".join(number.to_bytes(2, "big") for number in (primaries, transfer, 9)) + b"\0"
    assert nclx in path.read_bytes()  # ISO/IEC 14496-12, 12.1.5


@pytest.mark.parametrize("transfer", BOTH)
def test_kept_pictures_are_looked_at_as_a_tone_mapped_source_is(
    tmp_path: Path, transfer: HdrTransfer
) -> None:
    """8 bits of PQ are coarse: one of them is up to 4 of an sRGB screen."""
    source = write_patches(tmp_path / "a.mkv", COLOURS, (9, 9, transfer, 1))
    info, expected = shown(source)
    picture = next(iter(read_frames(source, info.keeping_hdr()))).picture
    seen = tone_mapped(picture, info.colour)[SIDE // 2, SIDE // 2 :: SIDE].astype(int)
    assert np.abs(seen - expected).max() <= 6
    assert np.abs(seen - picture[SIDE // 2, SIDE // 2 :: SIDE]).max() > 20


def test_sdr_is_the_same_and_the_remarks_say_what_became(tmp_path: Path) -> None:
    sdr = probe(write_patches(tmp_path / "a.mkv", COLOURS, (1, 1, 1, 1)))
    assert sdr.keeping_hdr() == sdr
    assert remarks(sdr, keep_hdr=True) == ["The source is not HDR: there was nothing to keep."]
    assert remarks(sdr) == []
    wide = probe(write_patches(tmp_path / "b.mkv", COLOURS, (9, 9, 14, 1)))
    assert remarks(wide, keep_hdr=True)[1:] == remarks(wide)
    hlg = probe(write_patches(tmp_path / "c.mkv", COLOURS, (9, 9, 18, 1)))
    assert remarks(hlg.keeping_hdr(), keep_hdr=True) == [
        "The source is HDR (HLG, BT.2020); it was kept, with 8 bits."
    ]


def test_a_video_that_turns_from_pq_to_hlg_is_not_kept(tmp_path: Path) -> None:
    pq = write_patches(tmp_path / "a.mkv", COLOURS, (9, 9, 16, 1))
    hlg = probe(write_patches(tmp_path / "b.mkv", COLOURS, (9, 9, 18, 1))).keeping_hdr()
    with pytest.raises(UnsupportedMedia, match="the colours change within the video"):
        next(iter(read_frames(pq, hlg)))


@pytest.mark.parametrize("size", [(64, 64), (181, 145), (640, 65), (66, 641)])
def test_sizes_that_can_be_written(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    picture = np.full((height, width, 3), 120, np.uint8)
    path = written(tmp_path / "a.mp4", HdrColour(HdrTransfer.HLG), picture)
    info = probe(path).keeping_hdr()
    frames = [frame.picture for frame in read_frames(path, info)]
    assert len(frames) == 3
    assert np.abs(np.array(frames).astype(int) - 120).max() <= 2


@pytest.mark.parametrize("size", [(63, 640), (640, 24)])
def test_sizes_that_cannot(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match=r"HDR .* has 64 pixels each way at least, got "):
        VideoWriter(tmp_path / "a.mp4", *size, Fraction(1, 25), hdr=HdrColour(HdrTransfer.PQ))
    assert not (tmp_path / "a.mp4").exists()


def test_time_stamps_and_the_last_hold_are_exact(tmp_path: Path) -> None:
    """More frames than the encoder holds back."""
    stamps = [0, 1, 3, 4, *range(10, 90), 200]
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 96, 64, Fraction(1, 1000), hdr=HdrColour(HdrTransfer.HLG)) as writer:
        for index, stamp in enumerate(stamps):
            writer.append(np.full((64, 96, 3), 2 * index, np.uint8), stamp)
        writer.hold_last(500)
    info = probe(path)
    frames = list(read_frames(path, info.keeping_hdr()))
    assert [frame.pts * info.time_base * 1000 for frame in frames] == stamps
    means = np.array([frame.picture.mean() for frame in frames])
    assert np.abs(means - 2 * np.arange(len(stamps))).max() <= 3
    assert info.duration_s == pytest.approx(0.7)


def test_what_there_is_stays_playable_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    writer = VideoWriter(path, 96, 64, Fraction(1, 25), hdr=HdrColour(HdrTransfer.HLG))
    for index in range(120):
        writer.append(np.full((64, 96, 3), index, np.uint8), index)
    writer.abort()
    assert sum(1 for _ in read_frames(path, probe(path))) == 120
