from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.batches import CROP, Scene, draw
from training.pairs import Pairs


def test_seed_and_step_alone_decide(pairs: list[Pairs]) -> None:
    one, same, later, other = (draw([Scene(pairs)], *at, 3) for at in ((0, 7), (0, 7), (0, 8), (1, 7)))
    assert np.array_equal(one.coded, same.coded)
    assert np.array_equal(one.grain, same.grain)
    assert np.array_equal(one.conditions, same.conditions)
    for another in (later, other):
        assert not np.array_equal(one.sources, another.sources)


def test_crops_of_a_pair_lie_on_each_other(pairs: list[Pairs]) -> None:
    batch = draw([Scene([replace(one, coded=one.sources) for one in pairs])], 0, 0, 8)
    assert batch.coded.shape == (8, 3, CROP, CROP)
    assert (
        batch.coded.dtype == batch.sources.dtype == batch.conditions.dtype == batch.grain.dtype == np.float32
    )
    assert np.array_equal(batch.coded, batch.sources)
    assert 0 <= batch.coded.min() < 0.4 < 0.6 < batch.coded.max() <= 1


def test_every_source_is_drawn_as_often_as_any_other(pairs: list[Pairs]) -> None:
    batch = draw([Scene(pairs * 20), Scene(_bright(pairs))], 0, 0, 200)
    assert 70 < sum(crop.min() == 1 for crop in batch.sources) < 130


def test_photographs_are_half_of_what_is_drawn_however_many_there_are(pairs: list[Pairs]) -> None:
    photographs = [Scene(_bright(pairs), still=True)] * 30
    batch = draw([Scene(pairs), *photographs], 0, 0, 200)
    assert 70 < sum(crop.min() == 1 for crop in batch.sources) < 130


def _bright(pairs: list[Pairs]) -> list[Pairs]:
    return [replace(pairs[0], sources=np.full_like(pairs[0].sources, 255))]


def test_some_crops_are_black_and_white_on_both_sides(pairs: list[Pairs]) -> None:
    batch = draw([Scene(pairs)], 0, 0, 100)
    grey = [
        np.ptp(np.stack([coded, source]), axis=1).max() == 0
        for coded, source in zip(batch.coded, batch.sources, strict=True)
    ]
    assert 2 < sum(grey) < 25
    coloured = [crop for crop, without in zip(batch.sources, grey, strict=True) if not without]
    assert all(np.ptp(crop, axis=0).max() > 0 for crop in coloured)
