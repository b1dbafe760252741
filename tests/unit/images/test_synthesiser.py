"""What a synthesiser says is carried out; handmade ones show what goes in and comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.interpolation import Bridge, blended
from semvid.images.synthesiser import SynthesisedBridge, Synthesiser
from semvid.images.types import Picture
from tests.models.tiny_synthesiser import tiny_synthesiser


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """``make(...)`` of the arguments of `tiny_synthesiser`."""

    def made(**said: Any) -> Synthesiser:
        (tmp_path / "handmade.onnx").write_bytes(tiny_synthesiser(**said))
        return Synthesiser(tmp_path / "handmade.onnx")

    return made


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Synthesiser:
    """One that says nothing."""
    path = tmp_path_factory.mktemp("silent") / "silent.onnx"
    path.write_bytes(tiny_synthesiser())
    return Synthesiser(path)


def scene(seed: int, height: int = 48, width: int = 64, channels: int = 3) -> Picture:
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 216, (height // 8 + 1, width // 8 + 1, channels), np.uint8)
    return np.ascontiguousarray(np.kron(small, np.ones((8, 8, 1), np.uint8))[:height, :width])


@given(st.integers(10, 40), st.integers(10, 40), st.sampled_from([0.0, 0.25, 0.6, 1.0]))
def test_one_that_says_nothing_changes_nothing_at_any_size(
    silent: Synthesiser, height: int, width: int, t: float
) -> None:
    start, end = (scene(seed, height, width) for seed in (1, 2))
    assert np.array_equal(SynthesisedBridge(silent, start, end).frame(t), Bridge(start, end).frame(t))


def test_the_picture_of_the_end_can_be_asked_for(make: Any) -> None:
    start, end = scene(1), scene(2)
    draft = Bridge(start, end).draft(0.25)
    ones = np.ones((48, 64), np.float32)
    wanted = blended(draft.start, draft.end, ones, 0.25)
    assert np.array_equal(SynthesisedBridge(make(share=1.0), start, end).frame(0.25), wanted)


def test_keyframes_are_moved_further_in_places_of_two_pixels(make: Any) -> None:
    still = scene(3)
    made = SynthesisedBridge(make(shift=(3, 0, 3, 0)), still, still).frame(0.5)
    wanted = Bridge(still, still).frame(0.5)
    assert np.array_equal(made[:, 4:50], wanted[:, 10:56])
    down = SynthesisedBridge(make(shift=(0, 0, 0, 2), share=1.0), still, still).frame(0.5)
    assert np.array_equal(down[4:40], wanted[8:44])


def test_colour_and_luma_are_added_and_bounded(make: Any) -> None:
    grey = np.full((48, 64, 3), 100, np.uint8)
    made = SynthesisedBridge(make(added=(20, 0, -10), luma_added=7), grey, grey).frame(0.5)
    assert np.array_equal(made, np.broadcast_to(np.array([127, 107, 97], np.uint8), made.shape))
    bright = SynthesisedBridge(make(added=(500, -500, 0)), grey, grey).frame(0.5)
    assert np.array_equal(bright[0, 0], [255, 0, 100])


def test_the_network_sees_both_keyframes_where_they_were_moved_to(silent: Synthesiser) -> None:
    seen: dict[str, np.ndarray] = {}

    class Watching:
        def run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.update(feeds)
            h, w = feeds["share"].shape[2:]
            shapes = ((4, h, w), (1, h, w), (3, h, w), (1, 2 * h, 2 * w))
            return [np.zeros((1, *shape), np.float32) for shape in shapes]

    watched = object.__new__(Synthesiser)
    watched._model = Watching()  # type: ignore[assignment]
    start, end = np.full((50, 66, 3), 51, np.uint8), np.full((50, 66, 3), 204, np.uint8)
    draft = Bridge(start, end).draft(0.25)
    said = watched.look(draft, 0.25)
    assert [one.shape for one in said] == [(25, 33, 4), (25, 33, 1), (25, 33, 3), (50, 66, 1)]
    assert seen["luma"].shape == (1, 2, 56, 72)
    assert seen["colour"].shape == (1, 6, 28, 36)
    for part in ("luma", "colour"):
        of_start, of_end = np.split(seen[part][0], 2)
        assert np.allclose(of_start, 0.2)
        assert np.allclose(of_end, 0.8)
    assert np.allclose(seen["share"][0, 0, :25, :33], draft.share_of_end)
    assert seen["time"].tolist() == [[0.25]]


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingComponent, match="semvid train synthesiser"):
        Synthesiser(tmp_path / "missing.onnx")
    (tmp_path / "other.onnx").write_bytes(tiny_synthesiser(first_output="other"))
    with pytest.raises(InvalidInput, match=r"into other, .* which is no synthesiser"):
        Synthesiser(tmp_path / "other.onnx")


@pytest.mark.parametrize("end", [np.zeros((48, 60, 3), np.uint8), np.zeros((48, 64, 3), np.float32)])
def test_what_is_no_pair_is_refused(silent: Synthesiser, end: Any) -> None:
    with pytest.raises(InvalidInput, match="a bridge needs"):
        SynthesisedBridge(silent, scene(1), end)
