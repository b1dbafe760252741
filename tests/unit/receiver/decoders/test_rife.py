from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from receiver.decoders import make_decoder
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from receiver.decoders.rife import RifeDecoder
from semvid.errors import Cancelled, InvalidInput, MissingComponent
from semvid.images.types import Picture
from semvid.rife.weights import kept_model
from tests.models.tiny_rife import tiny_checkpoint

CPU = DecoderOptions(device="cpu", threads=1)
PICTURES = [np.random.default_rng(seed).integers(0, 256, (48, 80, 3), np.uint8) for seed in range(2)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random network as its authors would publish it."""
    path = tmp_path_factory.mktemp("rife") / "flownet.pkl"
    path.write_bytes(tiny_checkpoint())
    return path


@pytest.fixture(scope="module")
def decoder(weights: Path) -> RifeDecoder:
    made = make_decoder(f"rife:{weights}", CPU)
    assert isinstance(made, RifeDecoder)
    return made


def generate(
    decoder: RifeDecoder,
    count: int,
    cancelled: Callable[[], bool] = lambda: False,
    told: list[float] | None = None,
) -> Iterator[Picture]:
    progress = (lambda share: None) if told is None else told.append
    request = SegmentRequest(*PICTURES, 80, 48, "", None, count, 24.0, seed=0)
    return decoder.generate(request, progress, cancelled)


@pytest.mark.parametrize("count", [1, 4])
def test_exactly_the_frames_that_are_wanted(decoder: RifeDecoder, count: int) -> None:
    told: list[float] = []
    frames = list(generate(decoder, count, told=told))
    assert [(frame.shape, frame.dtype) for frame in frames] == [((48, 80, 3), np.uint8)] * count
    assert told == [number / count for number in range(1, count + 1)]
    assert len({frame.tobytes() for frame in frames}) == count


def test_equal_requests_give_equal_frames_also_after_pickling(decoder: RifeDecoder) -> None:
    first = list(generate(decoder, 3))
    other: RifeDecoder = pickle.loads(pickle.dumps(decoder))
    for again in (generate(decoder, 3), generate(other, 3)):
        for one, two in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, two)


def test_it_is_lazy_and_stops_when_told(decoder: RifeDecoder) -> None:
    answers = iter([False, True])
    frames = generate(decoder, 5, cancelled=lambda: next(answers))
    next(frames)
    with pytest.raises(Cancelled):
        next(frames)


def test_what_it_has_not_announced_is_refused(decoder: RifeDecoder) -> None:
    request = SegmentRequest(PICTURES[0], None, 80, 48, "", None, 3, 24.0, seed=0)
    with pytest.raises(InvalidInput, match=r"rife was asked to draw from first_frame"):
        next(decoder.generate(request, lambda share: None, lambda: False))


def test_what_the_sender_is_told(decoder: RifeDecoder) -> None:
    assert (decoder.profile.name, decoder.profile.closed_loop, decoder.uses_captions) == ("rife", True, False)
    assert decoder.profile.longest_gap_s == make_decoder("embedded").profile.longest_gap_s
    assert decoder.device == "cpu"


def test_without_an_argument_it_takes_the_weights_that_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingComponent, match="semvid models get rife"):
        make_decoder("rife")
    kept_model().parent.mkdir(parents=True)
    kept_model().write_bytes(weights.read_bytes())  # what is kept is ONNX; this is not
    with pytest.raises(InvalidInput, match="does not take the model"):
        make_decoder("rife")


def test_a_wrong_argument_or_device_is_refused(weights: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        make_decoder("rife:gone.onnx")
    with pytest.raises(InvalidInput, match="no device 'abacus'"):
        make_decoder(f"rife:{weights}", DecoderOptions(device="abacus"))
    with pytest.raises(InvalidInput, match="threads must be at least 1"):
        DecoderOptions(threads=0)
