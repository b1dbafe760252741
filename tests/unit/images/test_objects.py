"""The shipped detector: what it finds in real pictures, and how boxes come out of its raw output."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from semvid.errors import InvalidInput, MissingComponent
from semvid.images import objects
from semvid.images.objects import NAMES, Detector, Thing, shipped
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames


@pytest.mark.parametrize(("photograph", "name"), [(data.chelsea, "cat"), (data.coffee, "cup")])
def test_known_photographs_show_what_they_show(photograph: Callable[[], Picture], name: str) -> None:
    best, *_ = shipped()(np.ascontiguousarray(photograph()))
    assert best.name == name
    assert best.score > 0.5
    assert best.area > 0.2


def test_boxes_are_shares_of_the_picture_whatever_its_shape() -> None:
    cat = np.ascontiguousarray(data.chelsea())
    height, width = cat.shape[:2]
    beside = np.full((height, 2 * width, 3), 114, np.uint8)
    beside[:, width:] = cat
    alone, right = (
        next(thing for thing in shipped()(picture) if thing.name == "cat") for picture in (cat, beside)
    )
    assert (right.left + right.right) / 2 == pytest.approx(0.5 + (alone.left + alone.right) / 4, abs=0.05)
    assert (right.top + right.bottom) / 2 == pytest.approx((alone.top + alone.bottom) / 2, abs=0.05)


def test_each_bottle_is_found_once(real_clip: Callable[[str], dict[str, Any]]) -> None:
    path = real_clip("static_bottles")["path"]
    found = shipped()(next(iter(read_frames(path, probe(path)))).picture)
    bottles = sorted((thing for thing in found if thing.name == "bottle"), key=lambda thing: thing.left)
    assert [round(bottle.left, 1) for bottle in bottles] == [0.1, 0.4, 0.8]


def test_the_same_picture_gives_the_same_things() -> None:
    picture = np.ascontiguousarray(data.coffee())
    assert shipped()(picture) == Detector()(picture) == Detector(threads=2)(picture)


def raw(*finds: tuple[int, float, float, float, float, int, float]) -> np.ndarray:
    """The network's output with finds of (place, dx, dy, log width, log height, class, score) in strides."""
    output = np.zeros((3549, 85), np.float32)
    for place, *box, number, score in finds:
        output[place, :4], output[place, 4], output[place, 5 + int(number)] = box, 1, score
    return output


def test_boxes_count_from_their_place_in_strides() -> None:
    place = 52 * 52 + 26 * 13 + 13  # of the second grid: row 13, column 13, stride 16
    (thing,) = objects._things(raw((place, 0, 0, np.log(4), np.log(2), 16, 0.75)), (416, 416), 0.3)
    assert thing == Thing("dog", 0.75, *(pytest.approx(v / 416) for v in (176, 192, 240, 224)))


def test_one_thing_is_reported_once_and_classes_do_not_suppress_each_other() -> None:
    same = [(0, 2, 2, 1, 1, 16, 0.8), (1, 1, 2, 1, 1, 16, 0.9), (2, 0, 2, 1, 1, 15, 0.5)]
    found = objects._things(raw(*same), (416, 416), 0.3)
    assert [(thing.name, round(thing.score, 2)) for thing in found] == [("dog", 0.9), ("cat", 0.5)]
    assert objects._things(raw(*same), (416, 416), 0.95) == ()


@given(
    st.lists(st.tuples(st.integers(0, 3548), *[st.floats(-9, 9)] * 4, st.integers(0, 79), st.floats(0.3, 1)))
)
def test_boxes_lie_within_the_picture_best_first(finds: list[Any]) -> None:
    found = objects._things(raw(*finds), (300, 200), 0.3)
    for thing in found:
        assert 0 <= thing.left < thing.right <= 1
        assert 0 <= thing.top < thing.bottom <= 1
        assert thing.name in NAMES
    assert [thing.score for thing in found] == sorted((thing.score for thing in found), reverse=True)


def test_pictures_without_things_and_of_any_size() -> None:
    for size in ((1, 1), (3, 900), (900, 3), (64, 64)):
        assert shipped()(np.full((*size, 3), 128, np.uint8)) == ()


def test_what_is_no_picture_is_refused() -> None:
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(InvalidInput, match="uint8"):
            shipped()(wrong)


def test_what_is_missing_is_named_at_the_first_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(MissingComponent, match=r"lacks .*none\.onnx"):
        Detector(tmp_path / "none.onnx")(picture)
    imported = builtins.__import__

    def refusing(name: str, *rest: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(MissingComponent, match="pip install onnxruntime"):
        Detector()(picture)


def test_traits_are_alike_where_the_picture_is_and_cover_what_it_fills() -> None:
    cat = np.ascontiguousarray(data.chelsea())
    mirrored_half = cat.copy()
    mirrored_half[:, 225:] = np.ascontiguousarray(data.coffee())[:300, :226]
    one, other = shipped().look(cat).traits, shipped().look(mirrored_half).traits
    assert one.shape == (9, 13, 256)  # 300x451
    assert np.linalg.norm(one, axis=2) == pytest.approx(1, abs=1e-5)
    alike = (one * other).sum(axis=2)
    assert alike[:, :4].mean() > 0.8 > 0.6 > alike[:, 9:].mean()
