"""Plans for keyframes without bits: the rules of docs/jscc.md, and targets that have no room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NoReturn

import pytest

from semvid.errors import TransmissionFailed
from semvid.options import TransmissionOptions
from semvid.phy.adaptation import MAX_BULK_SYMBOLS
from semvid.profile import Profile
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo, probe
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, source, written
from transmitter.analogue.plan import (
    KEYFRAME_CBR,
    LEAST_PATCH_SYMBOLS,
    PATCH_SYMBOLS,
    AnaloguePlan,
    patches,
    plan_analogue,
    scale_for,
)
from transmitter.rate.footage import Footage
from transmitter.rate.model import AT_10_DB
from transmitter.rate.plan import SCALES

PROFILE = Profile("embedded", longest_gap_s=1.2, closed_loop=True)
FRAMES = 60
SAMPLES = 3 * WIDTH * HEIGHT


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Moving, then partly new in every frame."""
    frames = chain(pan(42, 1.5), flicker(FRAMES - 42, first=42))
    return written(tmp_path_factory.mktemp("clips") / "story.mkv", frames)


@pytest.fixture(scope="module")
def plan(clip: Path) -> Callable[[float], AnaloguePlan]:
    def planned(target_cbr: float) -> AnaloguePlan:
        options = TransmissionOptions(coding="jscc", target_cbr=target_cbr)
        seen = probe(clip)
        return plan_analogue(
            lambda: Footage.read(clip, seen, VideoLimits(), options, PROFILE), options, seen, AT_10_DB
        )

    return planned


def unread() -> NoReturn:
    raise AssertionError("nothing is to be tried")


def large(width: int, height: int) -> SourceInfo:
    return replace(source(), width=width, height=height)


def test_without_a_target_a_keyframe_has_the_symbols_of_its_cbr() -> None:
    seen = large(576, 320)
    made = plan_analogue(unread, TransmissionOptions(coding="jscc"), seen, AT_10_DB)
    assert made.symbols == round(KEYFRAME_CBR * 3 * 576 * 320) == 20_681
    assert made.scale == pytest.approx(4 / 3)
    assert made.resource() == {"price": 1.375, "scale": 1.333, "keyframe_symbols": 20_681}


@pytest.mark.parametrize("size", [(1280, 720), (4096, 2304)])
def test_a_keyframe_fits_one_burst_and_large_pictures_are_coded_smaller(size: tuple[int, int]) -> None:
    made = plan_analogue(unread, TransmissionOptions(coding="jscc"), large(*size), AT_10_DB)
    assert made.symbols == MAX_BULK_SYMBOLS
    assert made.scale > 1


def test_the_smallest_video_has_a_patch_worth_sending() -> None:
    made = plan_analogue(unread, TransmissionOptions(coding="jscc"), large(8, 8), AT_10_DB)
    assert (made.symbols, made.scale) == (LEAST_PATCH_SYMBOLS, 4.0)


@pytest.mark.parametrize("symbols", [100, 3000, 10_000, 40_000])
def test_the_size_is_the_largest_at_which_patches_get_enough(symbols: int) -> None:
    seen = large(576, 320)
    scale = scale_for(seen, symbols)
    enough = [s for s in SCALES if symbols >= PATCH_SYMBOLS * patches(seen, s)]
    assert scale == (min(enough) if enough else SCALES[-1])
    assert [patches(seen, s) for s in (1.0, 2.0, 4.0)] == [36 * 20, 18 * 10, 9 * 5]


def test_density_gives_way_first_and_symbols_after_it(plan: Callable[[float], AnaloguePlan]) -> None:
    usual = round(KEYFRAME_CBR * SAMPLES)
    plans = [plan(target) for target in (1e-2, 2.5e-2, 5e-2)]
    assert [made.keyframes_per_frame for made in plans] == sorted(made.keyframes_per_frame for made in plans)
    assert plans[0].keyframes_per_frame < plans[2].keyframes_per_frame
    assert plans[0].symbols < usual
    assert all(made.symbols >= usual for made in plans[2:])


@pytest.mark.parametrize("target_cbr", [8e-3, 3e-2])
def test_a_plan_takes_what_the_target_allows(
    plan: Callable[[float], AnaloguePlan], target_cbr: float
) -> None:
    made = plan(target_cbr)
    keyframes = 1 + made.keyframes_per_frame * (FRAMES - 1)
    spent = keyframes * made.symbols
    assert 0.5 < spent / (target_cbr * SAMPLES * FRAMES) < 1


def test_a_target_without_room_is_refused_with_what_it_would_take(
    plan: Callable[[float], AnaloguePlan],
) -> None:
    with pytest.raises(TransmissionFailed, match="coding jscc sends none with fewer than") as refused:
        plan(1e-3)
    assert "0.001 allows" in str(refused.value)
    named = int(str(refused.value).split("fewer than ")[1].split(";")[0])
    assert named > LEAST_PATCH_SYMBOLS * patches(source(), SCALES[-1]), (
        "what is beside the symbols counts too"
    )
