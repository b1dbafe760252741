"""Codes for stills: bytes and back, finer for more bytes, the right size for a capacity."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.baseline.still_codes import STILL_CODES
from evaluation.baseline.still_ladder import Choice, StillLadder, decoded
from evaluation.methods.cache import CACHE
from semvid.errors import InvalidInput, MissingComponent
from semvid.images.fidelity import psnr_db

HERE = [
    name for name in STILL_CODES if name != "jpeg-xl" or importlib.util.find_spec("imagecodecs") is not None
]
each_code = pytest.mark.parametrize("name", HERE)


@each_code
def test_finer_is_closer_and_longer(name, picture):
    code = STILL_CODES[name]
    coarse, fine = (code.qualities[len(code.qualities) * share // 8] for share in (2, 6))
    short, long = (code.encode(picture, quality) for quality in (coarse, fine))
    assert len(short) < len(long)
    assert psnr_db(picture, code.decode(short)) + 1 < psnr_db(picture, code.decode(long))


@each_code
def test_the_stream_alone_gives_a_picture_of_the_source_size(name, picture):
    odd = picture[:67, :81]
    ladder = StillLadder(STILL_CODES[name], odd)
    quality = STILL_CODES[name].qualities[-8]
    for scale in (1, 1.5):
        assert decoded(ladder.code, ladder.stream(Choice(scale, quality))).shape == odd.shape
    assert ladder.psnr_db(Choice(1, quality)) > 30


@each_code
def test_the_best_choice_fits_and_the_next_finer_does_not(name, picture):
    ladder = StillLadder(STILL_CODES[name], picture)
    choice = ladder.best(2500)
    assert choice is not None
    assert len(ladder.stream(choice)) <= 2500
    qualities = list(ladder.code.qualities)
    finer = Choice(choice.scale, qualities[qualities.index(choice.quality) + 1])
    assert len(ladder.stream(finer)) > 2500 * 0.97


def test_a_smaller_picture_where_that_is_better(picture):
    ladder = StillLadder(STILL_CODES["jpeg"], np.repeat(np.repeat(picture, 4, 0), 4, 1))
    choice = ladder.best(2500)
    assert choice is not None
    assert choice.scale > 1
    assert ladder.best(100) is None


def test_what_was_coded_is_kept_for_other_processes(picture, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    choice = Choice(1, 50)
    stream = StillLadder(STILL_CODES["jpeg"], picture).stream(choice)
    again = StillLadder(STILL_CODES["jpeg"], picture)
    monkeypatch.setattr(again, "code", None)  # nothing can be coded now
    assert again.stream(choice) == stream
    assert StillLadder(STILL_CODES["webp"], picture).stream(choice) != stream


@each_code
@settings(max_examples=25, deadline=None)
@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_picture_are_refused(name, data):
    with pytest.raises(InvalidInput, match=name):
        decoded(STILL_CODES[name], data)


def test_without_its_package_jpeg_xl_says_what_installs_it(picture, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(MissingComponent, match=r"semvid\[jpeg-xl\]"):
        STILL_CODES["jpeg-xl"].encode(picture, -1.0)
