"""Stills by the learned code: what is counted, what fits, what is lost and what is not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.baseline.__main__ import app
from evaluation.baseline.analogue import analogue_capacity, analogue_symbols, send_analogue
from evaluation.baseline.learned import LearnedStill
from evaluation.baseline.pictures import write_picture
from evaluation.link import Air
from evaluation.method import Conditions
from semvid.accounting import Ledger
from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db
from semvid.images.jscc.networks import shipped
from semvid.phy.layout import MAX_BLOCK_SYMBOLS, PILOT_SPACINGS


@pytest.mark.parametrize("spacing", PILOT_SPACINGS)
@pytest.mark.parametrize("uses", [0, 10, 17, 500, MAX_BLOCK_SYMBOLS, MAX_BLOCK_SYMBOLS + 50, 200_000])
def test_capacity_is_the_most_that_fits(spacing, uses):
    count = analogue_capacity(uses, spacing)
    assert analogue_symbols(count, spacing) <= uses
    assert count > uses * 0.96 - 40
    assert analogue_symbols(count + 3, spacing) > uses


@pytest.mark.parametrize("count", [1, 1000, 90_000])
def test_symbols_cross_in_order_and_are_counted(count):
    rng = np.random.default_rng(2)
    symbols = (rng.normal(0, np.sqrt(0.5), (count, 2)) @ [1, 1j]).astype(np.complex64)
    symbols[::2] *= 2  # as the first of a patch are stronger
    symbols /= np.sqrt(np.mean(np.abs(symbols) ** 2)) or 1
    air, ledger = Air(Conditions(20.0, seed=4)), Ledger()
    equalised, no = send_analogue(symbols, 128, air, ledger)
    assert ledger.total_symbols == air.crossed == analogue_symbols(count, 128)
    assert np.mean(np.abs(equalised - symbols) ** 2) < 0.05
    if count > 1:
        assert np.mean(no) == pytest.approx(0.01, rel=0.5)


@pytest.mark.parametrize("model", ["awgn", "rayleigh"])
def test_a_still_crosses_within_its_budget(picture, model):
    conditions = Conditions(15.0, model, seed=5)
    still = LearnedStill(shipped(), picture, Conditions(15.0, model))
    sent = still.send(3000, conditions)
    assert not sent.lost
    assert 0.8 * 3000 < sum(sent.symbols.values()) == round(sent.cbr * picture.size) <= 3000
    assert sent.symbols["header"] > 0 < sent.symbols["control"]
    assert sent.symbols["keyframe"] == sent.settings["analogue_symbols"]
    assert psnr_db(picture, sent.picture) > 18


def test_the_map_decides_when_all_is_lost(picture):
    robust, frail = (LearnedStill(shipped(), picture, Conditions(10.0), margin) for margin in (12.0, 0.0))
    below = Conditions(0.0, seed=6)
    assert not robust.send(5000, below).lost
    lost = frail.send(5000, below)
    assert lost.lost
    assert np.unique(lost.picture).tolist() == [128]
    assert not frail.send(5000, Conditions(10.0, seed=6)).lost


def test_a_map_that_is_not_protected_far_costs_less(picture):
    robust, frail = (LearnedStill(shipped(), picture, Conditions(10.0), margin) for margin in (12.0, 0.0))
    far, near = (one.send(5000, Conditions(10.0)).symbols["header"] for one in (robust, frail))
    assert near < far / 2


def test_too_small_a_budget_is_refused(picture):
    with pytest.raises(InvalidInput, match="50 symbols do not hold the side information"):
        LearnedStill(shipped(), picture, Conditions(10.0)).send(50, Conditions(10.0))


def test_the_command_sends_it(picture, tmp_path):
    write_picture(tmp_path / "still.png", picture)
    arguments = [str(tmp_path / "still.png"), "--code", "jscc", "--target-cbr", "0.06", "--json"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)
    assert one["code"] == "jscc"
    assert sum(one["symbols"].values()) <= 0.06 * picture.size
    assert (tmp_path / "out" / one["reconstruction"]).is_file()
