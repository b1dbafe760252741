from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db
from semvid.images.restorer import Coding
from tests.synthetic_clip import clip_frames
from training import pairs as module
from training.pairs import SIZES, Pairs, code, prepare
from training.sources import Source


def test_pairs_show_the_same_scene_coarser(pairs: list[Pairs]) -> None:
    assert [SIZES.index(one.size) // 2 for one in pairs] == [0, 1, 2] * (len(pairs) // 3)
    for one in pairs:
        assert one.sources.shape == one.coded.shape
        assert len(one.codings) == len(one.sources) == 9
        assert 48 <= one.crf <= 64
        for n, coded in enumerate(one.coded):
            assert psnr_db(one.sources[n], coded) > psnr_db(one.sources[(n + 4) % 9], coded)
        assert not np.array_equal(one.sources, one.coded)


def test_a_second_run_reads_what_the_first_one_coded(
    source: Source, kept: Path, pairs: list[Pairs], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KeyframeEncoder", None)
    again = prepare(source, kept, seed=0)
    for one, other in zip(pairs, again, strict=True):
        assert (one.size, one.crf, one.codings) == (other.size, other.crf, other.codings)
        assert np.array_equal(one.sources, other.sources)
        assert np.array_equal(one.coded, other.coded)
    with pytest.raises(TypeError):
        prepare(source, kept, seed=1)  # other operating points must be coded


def test_each_picture_is_told_how_it_was_coded() -> None:
    pictures = [*clip_frames(1, 9, 96, 64)]
    coded = code(pictures, Fraction(1, 2), 60, preset=10)
    codings = [coding for _, coding in coded]
    assert [coding.layer for coding in codings] == [0, 3, 2, 3, 1, 3, 2, 3, 0]
    assert {coding.size for coding in codings} == {0.5}
    assert {picture.shape for picture, _ in coded} == {(32, 48, 3)}
    finer = [coding for _, coding in code(pictures, Fraction(1, 2), 40, preset=10)]
    assert all(a.quantiser < b.quantiser for a, b in zip(finer, codings, strict=True))
    assert codings[0].quantiser < min(coding.quantiser for coding in codings if coding.layer == 3)


def test_a_photograph_is_panned_over(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "still.png"), cv2.resize(noise, (480, 320), interpolation=cv2.INTER_CUBIC))
    made = prepare(Source("still", tmp_path / "still.png"), tmp_path, seed=0)
    assert {len(one.codings) for one in made} == {3}
    assert not np.array_equal(made[0].sources[0], made[0].sources[1])
    assert all(isinstance(coding, Coding) for one in made for coding in one.codings)


@pytest.mark.parametrize("name", ["broken.mp4", "broken.jpg", "small.png"])
def test_what_cannot_be_coded_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not a picture")
    if name == "small.png":
        cv2.imwrite(str(path), np.zeros((60, 80, 3), np.uint8))
    with pytest.raises(InvalidInput, match=name):
        prepare(Source(path.stem, path), tmp_path, seed=0)
    assert not list(tmp_path.glob("*.npz"))
