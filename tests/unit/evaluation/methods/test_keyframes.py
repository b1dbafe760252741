"""Uniform keyframes in groups: coded, counted, shown and sent."""

from __future__ import annotations

import itertools

import pytest

from evaluation.in_process import ReceivingEnd
from evaluation.link import Air, InProcessLink
from evaluation.method import Conditions
from evaluation.methods import keyframes
from evaluation.methods.cache import EncodeCache
from evaluation.methods.fillers import Hold
from evaluation.methods.keyframes import Grid, Setting, coded, steady_cost
from evaluation.methods.quality import make_judge
from semvid.images.fidelity import psnr_db
from semvid.link.blocks import Delivery
from semvid.semantics import StreamEnd, StreamHeader
from tests.unit.evaluation.synthetic import moving_bar

FRAMES = 40
SETTING = Setting(2, 40, 1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_bar(tmp_path_factory.mktemp("clip") / "bar.mp4", FRAMES, 128, 48)


@pytest.fixture
def grid(clip, tmp_path):
    return Grid(clip, Hold(), make_judge(), EncodeCache(tmp_path / "encodes", clip, "keyframes"))


@pytest.mark.parametrize("first", [0, 1, 9, 20])
def test_groups_cover_all_keyframes_once_with_the_header_first_and_the_end_last(clip, grid, first):
    selected = grid.selected(SETTING.gap)
    groups = coded(clip, selected, SETTING, first=first)
    assert groups[0][1].group.number == first
    assert all(a.group.stop == b.group.number for (_, a), (_, b) in itertools.pairwise(groups))
    frames = [picture.frame for _, g in groups for picture in g.group.in_time]
    assert frames == [one.frame.index for one in selected[first:]]
    assert groups[0][1].group.refresh
    units = [unit for units, _ in groups for unit in units]
    assert [type(unit) for unit in units] == ([] if first else [StreamHeader]) + [StreamEnd]
    assert groups[-1][0][-1] == StreamEnd(FRAMES, len(selected))
    assert coded(clip, selected, SETTING, first=len(selected)) == []


def test_every_keyframe_is_shown_at_its_frame(clip, grid):
    """They are decoded in coding order, which is another one."""
    shown = grid._shown(SETTING)
    for index in range(0, FRAMES, 2):
        assert psnr_db(shown(index), clip.pictures[index]) > 30
        assert psnr_db(shown(index), clip.pictures[(index + 8) % FRAMES]) < 24


def test_what_is_counted_is_what_a_steady_channel_takes(clip, grid):
    receiver = ReceivingEnd(Hold())
    air = Air(Conditions(10.0, seed=3))
    assert keyframes._send(InProcessLink(air, receiver.take), grid, SETTING)
    assert receiver.end()
    assert sorted(receiver.keyframes) == [one.frame.index for one in grid.selected(SETTING.gap)]
    assert air.crossed == pytest.approx(steady_cost(grid.groups(SETTING), 10.0), rel=0.03)


class LosesOne:
    """A link that loses all pictures of its ``number``-th shipment."""

    bulk_limit_bytes = 400

    def __init__(self, number):
        self.number, self.sent = number, []

    def ship(self, blocks):
        self.sent.append(blocks)
        lost = len(self.sent) == self.number
        return Delivery(lost=tuple(block.stretch for block in blocks if block.bulk) if lost else ())


@pytest.mark.parametrize("number", [1, 2, 4])
def test_behind_a_lost_anchor_the_rest_is_coded_anew(grid, monkeypatch, number):
    asked = []
    groups = grid.groups
    monkeypatch.setattr(
        grid, "groups", lambda setting, first=0: asked.append(first) or groups(setting, first)
    )
    link = LosesOne(number)
    assert keyframes._send(link, grid, SETTING)
    first = [g.group.number for _, g in groups(SETTING)]
    assert asked == [0, *first[number : number + 1], len(grid.selected(SETTING.gap))]
    assert len(link.sent) >= len(first)
