"""Every method on one tiny clip: frames, budget, ledger, losses, failure."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest

from evaluation.judges.ssim import ms_ssim
from evaluation.link import Air
from evaluation.method import Conditions
from evaluation.methods import METHODS, semantic
from evaluation.methods.budget import bytes_within
from evaluation.methods.cache import CACHE
from evaluation.methods.codec import CodecRival
from evaluation.methods.ladder import finest_crf
from evaluation.methods.quality import LPIPS_MODEL
from evaluation.methods.semantic import Semvid
from evaluation.methods.video_code import AV1, H264, H265, Setting, encode
from semvid.errors import InvalidInput, MissingComponent
from semvid.images.fidelity import psnr_db
from semvid.phy.mcs import MCS_TABLE, snr_threshold_db
from semvid.rife.checkpoint import read_checkpoint
from semvid.rife.graph import rife_model
from semvid.rife.weights import kept_model
from semvid.service.files import write_atomically
from tests.models.tiny_rife import tiny_checkpoint
from tests.unit.evaluation.alignment import aligned
from tests.unit.evaluation.synthetic import moving_bar

FRAMES = 17
TARGET = 0.02  # CBR; tiny clips are dear
KEEPS_TARGET = (
    "av1",
    "h264",
    "h265",
    "uniform",
    "keyframes-hold",
    "keyframes-blend",
    "skim",
    "semvid",
    "semvid-quick",
    "semvid-rife",
    "semvid-unlearned",
    "av1-restored",
    "uniform-restored",
)
FOR_10_DB = ("h264-for-10db", "h265-for-10db", "av1-for-10db")
OWN_POINT = ("semvid-no-psss", "paper-h264", "paper-h265")
PLANNED = "semvid-for-10db"
ABSENT = ("h266", "learned")
CODES = {"h264": H264, "h265": H265, "av1": AV1}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_bar(tmp_path_factory.mktemp("clip") / "bar.mp4", FRAMES)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path_factory.getbasetemp() / "encodes"))
    monkeypatch.delenv(LPIPS_MODEL, raising=False)


@pytest.fixture(autouse=True)
def tiny_rife(tmp_path_factory, monkeypatch):
    """A tiny random RIFE lies where `semvid models get rife` puts the real one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    if not kept_model().exists():
        write_atomically(kept_model(), rife_model(read_checkpoint(tiny_checkpoint())))


def quality(clip, outcome):
    return float(np.mean([ms_ssim(a, b) for a, b in zip(clip.pictures, outcome.pictures(), strict=True)]))


def test_these_are_all_methods():
    assert set(METHODS) == {*KEEPS_TARGET, *FOR_10_DB, *OWN_POINT, *ABSENT, PLANNED, "original"}


def test_a_plan_for_10_db_is_that_of_10_db_and_gives_up_what_another_link_has_no_room_for(clip, tmp_path):
    clear, dim = (
        METHODS[PLANNED]().run(clip, Conditions(snr_db, seed=1), TARGET, tmp_path) for snr_db in (10.0, 3.0)
    )
    assert clear.settings["operating_point"] == dim.settings["operating_point"]
    assert len(dim.keyframes) < len(clear.keyframes)
    assert not dim.failed
    assert quality(clip, dim) < quality(clip, clear)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_called_what_it_is_registered_as(name):
    assert METHODS[name]().name == name


@pytest.mark.parametrize("name", [*KEEPS_TARGET, *FOR_10_DB, *OWN_POINT])
def test_every_frame_once_and_every_symbol_counted(clip, tmp_path, name):
    target = None if name in OWN_POINT else TARGET
    outcome = METHODS[name]().run(clip, Conditions(10.0, seed=1), target, tmp_path)
    assert not outcome.failed
    assert sum(outcome.symbols.values()) == outcome.crossed > 0
    assert outcome.symbols["pilot"] > 0
    assert outcome.symbols["keyframe"] > outcome.crossed / 3
    for _ in range(2):  # every call of pictures() is a pass of its own
        assert len(list(aligned(clip.pictures, outcome.pictures()))) == FRAMES
    # semvid's own price of a symbol is made for larger pictures: it spends little on this one
    least = 12 if target is None else 15
    assert np.mean([psnr_db(a, b) for a, b in zip(clip.pictures, outcome.pictures(), strict=True)]) > least
    if target is not None:
        assert clip.cbr(outcome.crossed) <= TARGET


@pytest.mark.parametrize("name", ABSENT)
def test_what_cannot_be_installed_says_so(clip, tmp_path, name):
    with pytest.raises(MissingComponent, match=name):
        METHODS[name]().run(clip, Conditions(), None, tmp_path)


@pytest.mark.parametrize("name", ["av1", "h264", "uniform", "skim"])
def test_a_budget_that_pays_for_nothing_is_a_failure_not_an_overdraft(clip, tmp_path, name):
    outcome = METHODS[name]().run(clip, Conditions(10.0), 1e-3, tmp_path)
    assert "as cheap as" in outcome.failed or "cost more" in outcome.failed
    assert outcome.crossed == sum(outcome.symbols.values())
    assert list(outcome.pictures()) == []


def test_uniform_keyframes_are_coded_smaller_where_full_size_is_too_dear(clip, tmp_path):
    rich, poor = (METHODS["uniform"]().run(clip, Conditions(10.0), cbr, tmp_path) for cbr in (0.04, 0.0042))
    assert not poor.failed
    assert clip.cbr(poor.crossed) <= 0.0042
    assert (rich.settings["shrink"], poor.settings["shrink"] > 1) == (1, True)
    assert len(list(aligned(clip.pictures, poor.pictures()))) == FRAMES


@pytest.mark.parametrize("name", ["av1", "h265", "keyframes-hold"])
def test_more_symbols_buy_quality(clip, tmp_path, name):
    method = METHODS[name]()
    poor, rich = (method.run(clip, Conditions(10.0), cbr, tmp_path) for cbr in (0.012, 0.04))
    assert clip.cbr(rich.crossed) > clip.cbr(poor.crossed)
    assert quality(clip, rich) > quality(clip, poor)


def test_a_better_channel_buys_quality(clip, tmp_path):
    method = METHODS["h264"]()
    low, high = (method.run(clip, Conditions(snr), TARGET / 2, tmp_path) for snr in (5.0, 15.0))
    assert quality(clip, high) > quality(clip, low)
    assert high.settings["stream_bytes"] > 1.5 * low.settings["stream_bytes"]


def test_fading_is_paid_from_the_same_budget(clip, tmp_path):
    conditions = Conditions(8.0, "rayleigh", 256, seed=0)
    for name in ("av1", "uniform", "skim"):
        outcome = METHODS[name]().run(clip, conditions, 0.06, tmp_path / name)
        assert not outcome.failed
        assert 0.03 < clip.cbr(outcome.crossed) <= 0.06
        assert sum(outcome.symbols.values()) == outcome.crossed


MCS = 7  # 16QAM 490/1024


@pytest.mark.parametrize("name", CODES)
def test_the_cliff(clip, tmp_path, name):
    """A fixed scheme without repetitions: all arrives above its threshold, less and less 3 dB below."""
    planned = snr_threshold_db(MCS_TABLE[MCS], 8 * 200, 1e-3) + 1
    rival = CodecRival(name, CODES[name], MCS, 0, planned, block_bytes=200)
    above = rival.run(clip, Conditions(planned, seed=2), 0.04, tmp_path)
    below = rival.run(clip, Conditions(planned - 3, seed=2), 0.04, tmp_path)
    assert above.settings["blocks_lost"] == 0
    assert below.symbols["keyframe"] == above.symbols["keyframe"]
    assert below.crossed == sum(below.symbols.values())
    assert below.settings["blocks_lost"] > 0
    assert below.failed or quality(clip, below) < quality(clip, above) - 0.02


@pytest.mark.parametrize("name", CODES)
def test_a_channel_that_carries_nothing_fails_with_the_reason(clip, tmp_path, name):
    rival = CodecRival(name, CODES[name], 20, 0, planned_snr_db=25.0)
    outcome = rival.run(clip, Conditions(-5.0), TARGET, tmp_path)
    assert "no picture" in outcome.failed
    assert "blocks were lost" in outcome.failed
    assert outcome.crossed == sum(outcome.symbols.values()) > 0


def test_the_papers_rivals_fall_off_below_six_db(clip, tmp_path):
    fine, lost = (METHODS["paper-h264"]().run(clip, Conditions(snr), None, tmp_path) for snr in (8.0, 2.0))
    assert not fine.failed
    assert "index was lost" in lost.failed
    assert lost.crossed == sum(lost.symbols.values())


def test_semvid_without_its_header_fails_with_the_reason(clip, tmp_path):
    outcome = Semvid("semvid").run(clip, Conditions(-20.0), None, tmp_path)
    assert "header was lost" in outcome.failed
    assert outcome.crossed == sum(outcome.symbols.values()) > 0


def test_psss_is_off_where_the_row_says_so(clip, tmp_path, monkeypatch):
    compared = []
    monkeypatch.setattr(semantic, "make_encoder", partial(semantic.make_encoder, compared=compared.append))
    METHODS["semvid-no-psss"]().run(clip, Conditions(), None, tmp_path)
    assert compared
    assert not any(comparison.decision for comparison in compared)


def test_a_second_run_encodes_nothing(clip, tmp_path, monkeypatch):
    method = METHODS["h264"]()
    first = method.run(clip, Conditions(), TARGET, tmp_path)
    monkeypatch.setattr("evaluation.methods.ladder.encode", lambda *_: pytest.fail("it encoded again"))
    again = method.run(clip, Conditions(), TARGET, tmp_path)
    assert again.settings == first.settings
    assert all(np.array_equal(a, b) for a, b in zip(first.pictures(), again.pictures(), strict=True))


def test_another_clip_is_another_place_in_the_cache(clip, tmp_path):
    other = moving_bar(tmp_path / "other.mp4", FRAMES + 1)
    method = METHODS["h264"]()
    assert len(list(method.run(clip, Conditions(), TARGET, tmp_path).pictures())) == FRAMES
    assert len(list(method.run(other, Conditions(), TARGET, tmp_path).pictures())) == FRAMES + 1


def test_the_chosen_point_beats_every_other_that_fits(tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.methods.ladder.STEPS", (1, 3))
    clip = moving_bar(tmp_path / "large.mp4", 13, 128, 128)
    method = METHODS["h264"]()
    outcome = method.run(clip, Conditions(), 0.006, tmp_path)
    budget = outcome.settings["stream_bytes"] * 1.0
    chosen = quality(clip, outcome)
    from evaluation.methods.video_code import decode, full_picture, shown_at

    for scale, step, crf in itertools.product((1, 2), (1, 3), range(20, 52, 4)):
        stream = encode(H264, clip.pictures, clip.source.frame_rate, Setting(scale, step, crf))
        if stream.size > budget:
            continue
        planes = decode(H264, stream, stream.packets)
        shown = [full_picture(stream, shown_at(stream, planes, i), 128, 128) for i in range(13)]
        assert np.mean([ms_ssim(a, b) for a, b in zip(clip.pictures, shown, strict=True)]) < chosen + 0.01


def test_bytes_within_a_budget_cross_for_it_and_few_more_would_not():
    conditions = Conditions(8.0, seed=5)
    size = bytes_within(6000, conditions, "auto", 2)
    from evaluation.link import ByteLink

    crossed = []
    for count in (size, int(1.05 * size)):
        air = Air(conditions)
        ByteLink(air).send_stream(bytes(count))
        crossed.append(air.crossed)
    assert crossed[0] <= 6000 < crossed[1]


def test_finest_crf_is_that_of_a_full_search():
    for budget in (30, 700, 1500, 40_000, 10**9):
        tried = []

        def size(crf, tried=tried):
            tried.append(crf)
            return 1e6 * np.exp(-0.14 * crf) + 40

        crfs = range(51, 17, -3)
        fitting = [crf for crf in crfs if 1e6 * np.exp(-0.14 * crf) + 40 <= budget]
        assert finest_crf(crfs, budget, size) == (min(fitting) if fitting else None)
        assert len(tried) <= 7


def test_a_judge_that_is_not_there_is_refused(clip, tmp_path, monkeypatch):
    monkeypatch.setenv(LPIPS_MODEL, str(tmp_path / "nothing.onnx"))
    with pytest.raises(InvalidInput, match=r"nothing\.onnx"):
        METHODS["av1"]().run(clip, Conditions(), TARGET, tmp_path)
