"""A still across the channel: every symbol within the budget, losses shown as grey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.baseline.one_shot import Bursts, send
from evaluation.baseline.plan import Plan, candidate_plans, capacity_bytes
from evaluation.baseline.still_codes import STILL_CODES
from evaluation.baseline.still_ladder import StillLadder
from evaluation.baseline.stills import budget_symbols, choose, grey, send_still
from evaluation.link import Air
from evaluation.method import Conditions
from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db
from semvid.phy.layout import PILOT_SPACINGS
from semvid.phy.mcs import MCS_TABLE

TEN_DB = Conditions(10.0, "awgn")
many_bursts = st.builds(
    Bursts,
    st.sampled_from(list(MCS_TABLE.values())),
    st.sampled_from([1, 4]),
    st.sampled_from(PILOT_SPACINGS),
)


@settings(max_examples=8, deadline=None)
@given(budget=st.integers(200, 100_000), bursts=many_bursts)
def test_the_capacity_is_what_the_budget_carries_and_no_more(budget, bursts):
    capacity = capacity_bytes(budget, bursts)
    if capacity == 0:
        return
    air = Air(Conditions(60.0))
    stream = np.random.default_rng(budget).bytes(capacity)
    sent = send(stream, bursts, air)
    assert air.crossed == sum(sent.symbols.values()) <= budget
    assert sent.data == stream
    # half of what is left would hold another block's worth if the capacity were too small
    assert budget - air.crossed < 0.02 * budget + 400


def test_a_lost_block_loses_the_stream():
    bursts = Bursts(MCS_TABLE[20], aggregation=1, pilot_spacing=32)
    sent = send(bytes(9000), bursts, Air(TEN_DB))
    assert (sent.data, sent.blocks) == (None, 2)
    assert sent.blocks_lost == 2


def test_over_awgn_the_scheme_is_the_last_that_loses_hardly_anything():
    plans = candidate_plans(1500, TEN_DB, trials=10)
    assert plans[0].loss <= 0.01
    assert plans[-1].loss <= 0.2
    chosen = plans[-1].bursts.mcs
    assert 2.5 < chosen.spectral_efficiency < 3.1  # capacity at 10 dB is 3.46
    assert [plan.budget for plan in plans] == [1500] * len(plans)


def test_fading_costs_efficiency_and_the_seed_decides_the_draws():
    fading = Conditions(10.0, "rayleigh", 64, seed=1)
    plans = candidate_plans(1500, fading, trials=10)
    assert plans[:1] == candidate_plans.__wrapped__(1500, fading, trials=10)[:1]
    steady = candidate_plans(1500, TEN_DB, trials=10)
    assert plans[-1].bursts.mcs.spectral_efficiency < steady[-1].bursts.mcs.spectral_efficiency
    assert plans[-1].bursts.pilot_spacing < steady[-1].bursts.pilot_spacing


def test_a_budget_that_holds_nothing_is_refused():
    with pytest.raises(InvalidInput, match=r"60 symbols hold no byte .* raise --target-cbr"):
        candidate_plans(60, Conditions(-10.0), trials=10)


def test_a_picture_crosses_within_its_budget(picture):
    budget = budget_symbols(picture, 0.08)
    assert budget == int(0.08 * 3 * 96 * 128)
    ladder = StillLadder(STILL_CODES["jpeg"], picture)
    plan, choice = choose(ladder, candidate_plans(budget, TEN_DB, trials=10))
    sent = send_still(ladder, plan, choice, TEN_DB)
    assert not sent.lost
    assert psnr_db(picture, sent.picture) == pytest.approx(ladder.psnr_db(choice))
    assert 0.06 < sent.cbr <= 0.08
    assert sum(sent.symbols.values()) == round(sent.cbr * picture.size)
    assert {name for name, count in sent.symbols.items() if count} == {"pilot", "control", "keyframe"}
    assert sent.settings["stream_bytes"] <= plan.capacity_bytes


def test_one_plan_falls_off_a_cliff(picture):
    ladder = StillLadder(STILL_CODES["jpeg"], picture)
    plan, choice = choose(ladder, candidate_plans(budget_symbols(picture, 0.08), TEN_DB, trials=10))
    below, above = (send_still(ladder, plan, choice, Conditions(snr_db)) for snr_db in (8.0, 20.0))
    assert (below.lost, above.lost) == (True, False)
    np.testing.assert_array_equal(below.picture, grey(picture))
    assert below.picture.shape == picture.shape
    assert psnr_db(picture, above.picture) == pytest.approx(ladder.psnr_db(choice))  # and no better above


def test_losses_count_in_the_choice(picture):
    """Twice the bytes are not worth it where nine of ten pictures are lost."""
    ladder = StillLadder(STILL_CODES["jpeg"], picture)
    safe = Plan(6000, Bursts(MCS_TABLE[5], 1, 128), loss=0.0, trials=100)
    better = Plan(6000, Bursts(MCS_TABLE[11], 1, 128), loss=0.0, trials=100)
    risky = Plan(6000, Bursts(MCS_TABLE[11], 1, 128), loss=0.9, trials=100)
    assert choose(ladder, [safe, better])[0] is better
    assert choose(ladder, [safe, risky])[0] is safe


def test_a_code_that_cannot_be_small_enough_is_refused(picture):
    plan = Plan(200, Bursts(MCS_TABLE[0], 1, 128), 0.0, 10)
    with pytest.raises(InvalidInput, match="no setting of jpeg is as small"):
        choose(StillLadder(STILL_CODES["jpeg"], picture), [plan])
