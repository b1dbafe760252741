from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.bench.report import best_rival
from evaluation.bench.sets import CONFIGS, load_set, parse_set
from evaluation.bench.worker import maker_of
from semvid.errors import InvalidInput

TEXT = """
title = "t"
clips = ["demo:0"]
methods = ["semvid", "uniform"]
[[grid]]
snr_db = [10, 0]
target_cbr = [6.5e-4, "reference", 1]
[[grid]]
snr_db = [10]
target_cbr = [6.5e-4, 1e-4]
methods = ["uniform"]
"""


def test_every_point_comes_once_in_the_order_of_the_grids() -> None:
    chosen = parse_set(TEXT, "here")
    points = list(chosen.points())
    assert points[0] == (10, "awgn", None, 6.5e-4)
    assert points[2] == (10, "awgn", None, 1.0)
    assert points[-1] == (10, "awgn", None, 1e-4)
    assert len(points) == len(set(points)) == 7
    assert chosen.methods_at(points[0]) == ["semvid", "uniform"]
    assert chosen.methods_at(points[-1]) == ["uniform"]


def test_a_grid_runs_its_own_methods_in_its_turn_and_nothing_twice() -> None:
    curve = 'target_cbr = [6.5e-4, 1e-4]\nmethods = ["uniform"]'
    head, everything, few = TEXT.split("[[grid]]")
    assert curve in few
    chosen = parse_set("[[grid]]".join((head, few, everything)), "here")
    first, second = chosen.turns()
    at = {target: (10, "awgn", None, target) for target in (6.5e-4, 1e-4, "reference", 1.0)}
    assert first == [(at[6.5e-4], "uniform"), (at[1e-4], "uniform")]
    assert second[:2] == [(at[6.5e-4], "semvid"), (at["reference"], "semvid")]
    assert (at[6.5e-4], "uniform") not in second
    assert len(first) + len(second) == len({*first, *second})
    assert {*first, *second} == {(p, m) for p in chosen.points() for m in chosen.methods_at(p)}


def test_the_reference_runs_in_the_first_grid_that_needs_what_it_spends() -> None:
    text = TEXT.replace('methods = ["uniform"]\n', "").replace(
        'target_cbr = [6.5e-4, "reference", 1]', 'target_cbr = ["reference"]\nmethods = ["uniform"]'
    ).replace("[6.5e-4, 1e-4]", '["reference"]')  # fmt: skip
    first, second = parse_set(text, "here").turns()
    assert [method for point, method in first if point[0] == 10] == ["semvid", "uniform"]
    assert [method for point, method in first if point[0] == 0] == ["uniform"]
    assert second == []


def test_the_full_set_begins_with_the_curve_against_the_strongest_rivals() -> None:
    curve, *others = load_set("full").turns()
    assert {method for _, method in curve} == {"semvid", *best_rival.RIVALS}
    assert sorted({point[3] for point, _ in curve}) == [6.5e-5, 1.6e-4, 3.2e-4, 6.5e-4, 1e-3]
    assert all(others)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "t"', "", "title"),
        ("6.5e-4", "-1.0", "target_cbr"),
        ("6.5e-4", '"much"', "target_cbr"),
        ("[10, 0]", "[100]", "-30..60"),
        ("snr_db = [10, 0]", 'snr_db = [10]\nchannel_models = ["water"]', "awgn"),
        ('["demo:0"]', '["demo:0", "demo:0"]', "twice"),
        ('methods = ["uniform"]', 'methods = ["other"]', "other"),
        ('["semvid", "uniform"]', '["uniform"]', "semvid"),
        ("title", "judges = ['taste']\ntitle", "taste"),
        ("title", "colour = 1\ntitle", "colour"),
        ("[[grid]]", "[[grid]", "TOML"),
    ],
)
def test_a_wrong_set_names_the_file_and_what_is_wrong(old: str, new: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        parse_set(TEXT.replace(old, new), "here.toml")
    assert "here.toml" in str(caught.value) or told == "taste"


@given(st.text())
def test_no_text_crashes_the_parser(text: str) -> None:
    with pytest.raises(InvalidInput, match="here"):  # no text lacks a title and is a set
        parse_set(text, "here")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*/*.toml")), ids=lambda path: path.stem)
def test_every_set_of_ours_can_be_read_and_names_methods_that_exist(path: Path) -> None:
    chosen = load_set(str(path))
    for method in chosen.methods:
        maker_of(method)
    names = {*chosen.methods, *(variant.name for variant in chosen.variant)}
    for value in chosen.paper.value if chosen.paper else ():
        assert value.ours == "" or value.ours in names


def test_an_unknown_set_lists_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"full.*paper/depth.*quick.*rate_quality"):
        load_set("fullest")


def test_an_unknown_method_lists_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match="semvid"):
        maker_of("mpeg-1")
    with pytest.raises(InvalidInput, match="cannot be imported"):
        maker_of("nowhere:Nothing")
