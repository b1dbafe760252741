"""aMUSEd's classes at a tiny size, loaded as the published checkpoints are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from semvid.errors import InvalidInput, MissingComponent
from semvid.tokens.amused import AmusedTokens
from semvid.tokens.library import TokenLibrary
from semvid.tokens.model import TokenModel
from tests.models.tiny_tokens import SIDE, checkpoint

pytestmark = pytest.mark.tiny_models
VARIABLE = "SEMVID_TRANSMITTER_TOKEN_MODEL"


@pytest.fixture(scope="module")
def model() -> AmusedTokens:
    return AmusedTokens(str(checkpoint()), "cpu", fills=True)


def library(name: str) -> TokenLibrary:
    return TokenLibrary(name, "cpu", VARIABLE, fills=False)


def test_pictures_become_tokens_and_pictures_again(model: AmusedTokens) -> None:
    assert (model.codebook, model.side) == (64, SIDE)
    rows, columns = model.grid_of(640, 360)
    picture = np.random.default_rng(0).integers(0, 256, (rows * SIDE, columns * SIDE, 3), np.uint8)
    grid = model.encode(picture)
    assert grid.shape == (rows, columns)
    assert 0 <= grid.min() < grid.max() < 64
    made = model.decode(grid)
    assert (made.shape, made.dtype) == (picture.shape, np.uint8)
    other = model.decode((grid + 1) % 64)
    assert not np.array_equal(made, other)


def test_what_misses_is_drawn_and_what_is_there_stays(model: AmusedTokens) -> None:
    draw = np.random.default_rng(1)
    grid, known = draw.integers(0, 64, (6, 10)), draw.random((6, 10)) < 0.5
    drawn = [model.fill(grid, known, words, seed) for words, seed in (("", 5), ("", 6), ("a boat", 5))]
    for filled in drawn:
        assert (filled[known] == grid[known]).all()
        assert 0 <= filled.min() <= filled.max() < 64  # no mask is left
    again = np.where(known, grid, 63)  # what stands where nothing is known does not matter
    assert (model.fill(again, known, "a boat", 5) == drawn[2]).all()
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[0] != drawn[2]).any()
    assert (model.fill(grid, np.ones((6, 10), bool), "", 0) == grid).all()


def test_one_token_that_misses_is_drawn(model: AmusedTokens) -> None:
    grid, known = np.zeros((6, 10), np.int64), np.ones((6, 10), bool)
    known[3, 4] = False
    filled = model.fill(grid, known, "a boat", 1)
    assert (filled[known] == 0).all()
    assert 0 <= filled[3, 4] < 64


def test_both_halves_have_one_digest_and_other_weights_another(model: AmusedTokens) -> None:
    assert library(f"hf:{checkpoint()}").open().digest == model.digest
    assert library(f"hf:{checkpoint(seed=1)}").open().digest != model.digest


def test_grids_have_the_shape_of_the_picture(model: AmusedTokens) -> None:
    shapes = [model.grid_of(*size) for size in ((64, 64), (640, 360), (360, 640), (1600, 9), (9, 1600))]
    assert shapes == [(8, 8), (6, 10), (11, 5), (1, 64), (64, 1)]
    larger: TokenModel = library(f"hf:{checkpoint(downsample=True)}").open()
    assert larger.grid_of(640, 360) == (6, 10)
    assert larger.grid_of(1600, 9) == (2, 32)


def test_what_only_codes_draws_nothing() -> None:
    model = library(f"hf:{checkpoint()}").open()
    with pytest.raises(InvalidInput, match="loaded to code pictures"):
        model.fill(np.zeros((8, 8), np.int64), np.zeros((8, 8), bool), "", 0)


def test_what_is_no_token_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingComponent, match=f"coding: tokens needs a token model.*{VARIABLE}=hf:ID"):
        library("").check()
    for name in ("amused", "hf:", "openai:http://x"):
        with pytest.raises(InvalidInput, match=f"no token model '{name}'; set {VARIABLE}="):
            library(name)
    with pytest.raises(InvalidInput, match="hf:/no/such: there is no such folder"):
        library("hf:/no/such").check()
    with pytest.raises(InvalidInput, match="files are missing or cannot be read"):
        library(f"hf:{tmp_path}").check()
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "WanPipeline"}))
    with pytest.raises(
        InvalidInput, match="is a WanPipeline, and tokens need an AmusedPipeline, for example"
    ):
        library(f"hf:{tmp_path}").check()
    with pytest.raises(MissingComponent, match="the device of tokens is cuda:7, but PyTorch sees"):
        TokenLibrary(f"hf:{checkpoint()}", "cuda:7", VARIABLE, fills=False).check()


@pytest.mark.parametrize(
    ("part", "entry", "value", "what"),
    [
        ("transformer", "codebook_size", 32, "parts do not belong together"),
        ("transformer", "sample_size", 1024, "1048576 tokens a picture"),
    ],
)
def test_parts_that_cannot_be_used_are_refused(
    tmp_path: Path, part: str, entry: str, value: int, what: str
) -> None:
    folder = shutil.copytree(checkpoint(), tmp_path / "copy")
    config = folder / part / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {entry: value}))
    with pytest.raises(InvalidInput, match=what):
        library(f"hf:{folder}").open()
