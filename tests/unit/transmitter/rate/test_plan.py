"""The finer first picture: taken where later pictures inherit it, and only there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.writer import VideoWriter
from transmitter.keyframes import make_selector
from transmitter.options import parse_options
from transmitter.rate.model import AT_10_DB, LinkPrice, OperatingPoint
from transmitter.rate.plan import make_plan
from transmitter.rate.trial import Excerpts

WIDTH, HEIGHT, FRAMES = 128, 80, 240
PROFILE = Profile("embedded", longest_gap_s=1.2, closed_loop=True)


def clip(path: Path, moving: bool, from_frame: int = 0) -> Path:
    """Stripes that stand still, or that are others in every frame from ``from_frame`` on."""
    rng = np.random.default_rng(3)
    texture = rng.integers(0, 256, (HEIGHT // 4, WIDTH, 3)).repeat(4, axis=0).astype(np.uint8)
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(1, 24)) as writer:
        for index in range(FRAMES):
            if moving and index >= from_frame:
                texture = rng.integers(0, 256, (HEIGHT // 4, WIDTH, 3)).repeat(4, axis=0).astype(np.uint8)
            writer.append(texture, index)
    return path


def choose(path: Path, options: TransmissionOptions, link: LinkPrice = AT_10_DB) -> OperatingPoint:
    source = probe(path)
    excerpts = Excerpts(
        path,
        source,
        VideoLimits(),
        lambda point: make_selector(options, source, PROFILE, None, lambda: point),
        options.coding,
        PROFILE.longest_gap_s,
    )
    return make_plan(excerpts, options, link).point


def test_a_still_clip_starts_finer_and_a_changing_one_does_not(tmp_path: Path) -> None:
    still = choose(clip(tmp_path / "still.mp4", moving=False), TransmissionOptions())
    changing = choose(clip(tmp_path / "changing.mp4", moving=True), TransmissionOptions())
    assert still.finer_start > 0
    assert changing.finer_start == 0


def test_pictures_that_stand_alone_inherit_nothing(tmp_path: Path) -> None:
    point = choose(clip(tmp_path / "still.mp4", moving=False), parse_options('{"coding": "intra"}'))
    assert point.finer_start == 0


def test_pictures_that_stand_alone_are_planned_as_such(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", moving=False)
    joint, intra = (
        choose(path, parse_options(f'{{"coding": "{coding}", "target_cbr": 1e-3}}'))
        for coding in ("joint", "intra")
    )
    assert (intra.shrink, intra.crf) > (joint.shrink, joint.crf)


def test_an_asked_quality_is_kept_and_sets_the_rd_lambda(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", moving=False)
    fine, coarse = (choose(path, TransmissionOptions(quality=crf)) for crf in (40, 60))
    assert (fine.crf, coarse.crf) == (40, 60)
    assert fine.rd_lambda < coarse.rd_lambda


def test_a_larger_target_makes_symbols_cheaper_and_pictures_finer(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", moving=False)
    small, large = (choose(path, TransmissionOptions(target_cbr=target)) for target in (1e-4, 4e-4))
    assert large.rd_lambda < small.rd_lambda
    assert large.crf < small.crf


def test_a_target_heeds_what_comes_later(tmp_path: Path) -> None:
    """A still beginning says nothing about a restless rest."""
    still = clip(tmp_path / "still.mp4", moving=False)
    later = clip(tmp_path / "later.mp4", moving=True, from_frame=FRAMES // 2)
    target = TransmissionOptions(target_cbr=1e-2)
    assert choose(later, target).crf > choose(still, target).crf


def test_a_target_out_of_reach_at_full_size_is_met_with_smaller_pictures(tmp_path: Path) -> None:
    path = clip(tmp_path / "changing.mp4", moving=True)
    sizes = [choose(path, TransmissionOptions(target_cbr=target)).shrink for target in (0.1, 1e-2, 1e-3)]
    assert sizes == [1, 2, 4]


def test_a_dearer_link_gets_coarser_pictures_for_the_same_cbr(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", moving=False)
    options = TransmissionOptions(target_cbr=4e-4)
    dear = replace(AT_10_DB, bits_per_symbol=AT_10_DB.bits_per_symbol / 3)
    assert choose(path, options, dear).crf > choose(path, options).crf


def test_quality_without_a_target_does_not_depend_on_the_link(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", moving=False)
    dear = replace(AT_10_DB, bits_per_symbol=AT_10_DB.bits_per_symbol / 3)
    assert choose(path, TransmissionOptions(), dear) == choose(path, TransmissionOptions())


def test_a_finer_start_never_breaks_a_target(tmp_path: Path) -> None:
    path = clip(tmp_path / "still.mp4", moving=False)
    out_of_reach, ample = (choose(path, TransmissionOptions(target_cbr=target)) for target in (2e-5, 4e-4))
    assert ample.finer_start > 0
    assert out_of_reach.finer_start == 0
