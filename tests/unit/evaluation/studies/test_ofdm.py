from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.reference


def test_the_distance_is_that_of_two_straight_lines() -> None:
    from evaluation.studies.ofdm import distance_db

    points = []
    for snr_db in (2.0, 5.0, 8.0):
        theirs, ours = (round(1e6 * 10 ** (-(snr_db + better) / 10)) for better in (0.0, 0.4))
        points.append({"snr_db": snr_db, "blocks": 10**6, "lost": ours, "sionna_lost_same_slots": theirs})
    assert distance_db(points) == pytest.approx(0.4, abs=0.01)


def test_both_receivers_decode_clean_slots_and_lose_those_of_noise() -> None:
    from evaluation.studies.ofdm import Link

    link = Link(2)
    slots = link.slots(3, np.random.default_rng(1))
    clean = link.over_our_channel(slots, 40.0)
    assert not link.lost_by_us(slots, clean).any()
    assert not link.lost_by_sionna(slots, clean, 40.0).any()
    assert not link.lost_by_sionna(slots, link.over_sionnas_channel(slots, 40.0), 40.0).any()
    noise = link.over_our_channel(slots, -25.0)
    assert link.lost_by_us(slots, noise).all()
    assert link.lost_by_sionna(slots, noise, -25.0).all()
