from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from receiver.decoders import make_decoder
from receiver.decoders.decoder import Decoder, SegmentRequest
from semvid.errors import Cancelled, InvalidInput, MissingComponent
from semvid.images.onnx_model import digest_of
from semvid.images.types import Picture
from tests.models.tiny_synthesiser import tiny_synthesiser

BRIGHTER = 30  # levels


@pytest.fixture
def decoder(tmp_path: Path) -> Decoder:
    """One that makes everything brighter."""
    (tmp_path / "brighter.onnx").write_bytes(tiny_synthesiser(luma_added=BRIGHTER))
    return make_decoder(f"synthesiser:{tmp_path / 'brighter.onnx'}")


def frames(decoder: Decoder, stops_at: int = 99) -> list[Picture]:
    start, end = (np.full((48, 64, 3), level, np.uint8) for level in (60, 100))
    asked = iter(range(99))
    request = SegmentRequest(start, end, 64, 48, "", None, 3, 24.0, seed=0)
    return list(decoder.generate(request, lambda _share: None, lambda: next(asked) >= stops_at))


def test_it_corrects_what_the_embedded_decoder_draws(decoder: Decoder) -> None:
    pairs = list(zip(frames(make_decoder("embedded")), frames(decoder), strict=True))
    assert len(pairs) == 3
    assert all(np.array_equal(corrected, plain + BRIGHTER) for plain, corrected in pairs)


def test_it_says_who_it_is(decoder: Decoder) -> None:
    profile, embedded = decoder.profile, make_decoder("embedded").profile
    assert profile.name == "synthesiser"
    assert profile.synthesiser == digest_of(tiny_synthesiser(luma_added=BRIGHTER))
    assert (profile.longest_gap_s, profile.closed_loop) == (embedded.longest_gap_s, True)
    assert embedded.synthesiser == ""


def test_pickled_it_is_its_file(decoder: Decoder) -> None:
    again = pickle.loads(pickle.dumps(decoder))
    assert again.profile == decoder.profile
    assert all(np.array_equal(a, b) for a, b in zip(frames(again), frames(decoder), strict=True))


def test_it_stops_when_told(decoder: Decoder) -> None:
    with pytest.raises(Cancelled):
        frames(decoder, stops_at=2)


def test_without_a_model_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"needs a model.*semvid train synthesiser"):
        make_decoder("synthesiser")
    with pytest.raises(MissingComponent, match=r"no model.*semvid train synthesiser"):
        make_decoder(f"synthesiser:{tmp_path / 'none.onnx'}")
