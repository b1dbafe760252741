from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from console.demo.measure import Fidelity, compare
from console.demo.pictures import tone_mapped_pairs
from semvid.errors import InvalidInput
from semvid.images.fidelity import PSNR_CAP_DB, psnr_db, ssim
from semvid.semantics import HdrColour, HdrTransfer
from semvid.video.probe import probe
from semvid.video.writer import VideoWriter
from tests.synthetic_clip import clip_frames


def _write(path: Path, pictures: list[np.ndarray], step: int = 1, start: int = 0) -> Path:
    height, width, _ = pictures[0].shape
    with VideoWriter(path, width, height, Fraction(1, 24), crf=8) as writer:
        for n, picture in enumerate(pictures):
            writer.append(picture, start + n * step)
    return path


@pytest.fixture
def pictures() -> list[np.ndarray]:
    return list(clip_frames(0, 8, 64, 48))


def test_a_video_equals_itself(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    path = _write(tmp_path / "a.mp4", pictures)
    fidelity = Fidelity()
    assert [pair.index for pair in compare(path, path, fidelity)] == list(range(8))
    assert (fidelity.frames_in, fidelity.frames_out, fidelity.identical_frames) == (8, 8, 8)
    assert fidelity.mean_psnr_db == PSNR_CAP_DB
    assert fidelity.mean_ssim == pytest.approx(1)
    assert fidelity.largest_time_error_s == 0


def test_values_are_those_of_corresponding_frames(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    source = _write(tmp_path / "a.mp4", pictures)
    shifted = _write(tmp_path / "b.mp4", [*pictures[1:], pictures[-1]])
    fidelity = Fidelity()
    for pair in compare(source, shifted, fidelity):
        assert fidelity.psnr_db[pair.index] == psnr_db(pair.source, pair.reconstruction)
        assert fidelity.ssim[pair.index] == ssim(pair.source, pair.reconstruction)
    assert fidelity.mean_psnr_db is not None
    assert fidelity.mean_psnr_db < 35  # a shift by one frame must show


def test_missing_frames_are_counted_and_not_compared(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    source = _write(tmp_path / "a.mp4", pictures)
    short = _write(tmp_path / "b.mp4", pictures[:5])
    fidelity = Fidelity()
    assert len(list(compare(source, short, fidelity))) == 5
    assert (fidelity.frames_in, fidelity.frames_out, len(fidelity.ssim)) == (8, 5, 5)


def test_wrong_time_stamps_show_but_a_later_start_does_not(
    tmp_path: Path, pictures: list[np.ndarray]
) -> None:
    source = _write(tmp_path / "a.mp4", pictures)
    for name, step, start, error in (("late", 1, 30, 0.0), ("slow", 2, 0, 7 / 24)):
        fidelity = Fidelity()
        list(compare(source, _write(tmp_path / f"{name}.mp4", pictures, step, start), fidelity))
        assert fidelity.largest_time_error_s == pytest.approx(error), name


def test_sizes_must_agree(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    source = _write(tmp_path / "a.mp4", pictures)
    other = _write(tmp_path / "b.mp4", [p[:46] for p in pictures])
    with pytest.raises(InvalidInput, match="64x46"):
        list(compare(source, other, Fidelity()))


def test_hdr_that_was_kept_is_compared_in_its_own_values(tmp_path: Path) -> None:
    """The same values as SDR and as PQ: tone-mapped, the distance would be another."""
    for name, hdr in (("sdr", None), ("pq", HdrColour(HdrTransfer.PQ))):
        for file, change in (("a", 0), ("b", 20)):
            with VideoWriter(tmp_path / f"{name}_{file}.mp4", 96, 64, Fraction(1, 24), hdr=hdr) as writer:
                for n, picture in enumerate(clip_frames(0, 8, 96, 64)):
                    writer.append(np.clip(picture, 40, 200) + np.uint8(change), n)
    sdr, pq = Fidelity(), Fidelity()
    list(compare(tmp_path / "sdr_a.mp4", tmp_path / "sdr_b.mp4", sdr))
    pairs = list(compare(tmp_path / "pq_a.mp4", tmp_path / "pq_b.mp4", pq))
    assert pq.mean_psnr_db == pytest.approx(sdr.mean_psnr_db, abs=0.5)
    mapped = list(tone_mapped_pairs(pairs, probe(tmp_path / "pq_a.mp4").colour))
    first = np.clip(next(iter(clip_frames(0, 1, 96, 64))), 40, 200).astype(int)
    assert np.abs(pairs[0].source - first).mean() < 5  # half the resolution of colour costs 4
    assert np.abs(mapped[0].source - first).mean() > 20
    assert [pair.index for pair in mapped] == [pair.index for pair in pairs]


def test_hdr_of_another_kind_is_not_compared(tmp_path: Path) -> None:
    (picture,) = clip_frames(0, 1, 96, 64)
    with VideoWriter(tmp_path / "b.mp4", 96, 64, Fraction(1, 24), hdr=HdrColour(HdrTransfer.PQ)) as writer:
        writer.append(picture, 0)
    source = _write(tmp_path / "a.mp4", [picture])
    with pytest.raises(InvalidInput, match="only videos of one kind of HDR"):
        list(compare(source, tmp_path / "b.mp4", Fidelity()))
