"""Bytes over the air inside one process."""

from __future__ import annotations

import numpy as np
import pytest

from channel.conditions import Conditions as ChannelConditions
from channel.noise import receive
from evaluation.link import Air, ByteLink, verified
from evaluation.method import Conditions
from semvid.accounting import SymbolClass
from semvid.errors import InvalidInput
from semvid.phy.mcs import MCS_TABLE, snr_threshold_db
from semvid.phy.pilots import sounding
from semvid.waveform import Ofdm


def payload(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes()


def test_the_air_is_the_channel_of_the_service():
    """Position and sequence number go on from burst to burst, as in `channel.proxy`."""
    air = Air(Conditions(3.0, "rayleigh", 16, seed=9))
    conditions = ChannelConditions("rayleigh", 3.0, 16, seed=9)
    symbols = sounding()
    for sequence in range(3):
        expected = receive(symbols, conditions, sequence, sequence * len(symbols))
        np.testing.assert_array_equal(air.cross(symbols), expected)
    assert (air.blocks, air.crossed) == (3, 3 * len(symbols))


def test_nobody_buys_snr_with_power():
    with pytest.raises(InvalidInput, match="mean power"):
        Air(Conditions()).cross((2 * np.repeat(sounding(), 4)).astype(np.complex64))


def test_a_wrong_ledger_is_found():
    air = Air(Conditions())
    air.cross(sounding())
    with pytest.raises(RuntimeError, match="56 crossed"):
        verified({SymbolClass.PILOT: 63}, air)
    assert verified({SymbolClass.PILOT: 56}, air) == {"pilot": 56}


@pytest.mark.parametrize("snr_db", [-2.0, 10.0, 20.0])
def test_a_stream_arrives_whole_and_every_symbol_is_counted(snr_db):
    air = Air(Conditions(snr_db, seed=1))
    link = ByteLink(air)
    data = payload(1200)
    arrival = link.send_stream(data)
    assert arrival.data == data
    assert not arrival.lost
    assert sum(verified(link.ledger.symbols, air).values()) == air.crossed
    assert link.ledger.bits[SymbolClass.KEYFRAME] == 8 * len(data)
    assert link.ledger.symbols[SymbolClass.PILOT] >= 56


@pytest.mark.parametrize("model", ["awgn", "tdl-a+cfo"])
def test_over_ofdm_every_resource_element_is_counted(model):
    air = Air(Conditions(16.0, model, seed=1, waveform=Ofdm(0, 4), more={"cfo_hz": 150.0, "pause_ms": 1.0}))
    link = ByteLink(air)
    data = payload(1200)
    assert link.send_stream(data).data == data
    assert sum(verified(link.ledger.symbols, air).values()) == air.crossed
    assert air.crossed % 48 == 0


def test_a_channel_that_moves_too_fast_for_the_waveform_is_refused():
    with pytest.raises(InvalidInput, match="doppler_hz 900 is more than 450"):
        Air(Conditions(model="tdl-a", waveform=Ofdm(), more={"doppler_hz": 900.0}))


def test_a_better_channel_is_cheaper():
    crossed = []
    for snr_db in (0.0, 5.0, 10.0, 15.0):
        air = Air(Conditions(snr_db))
        ByteLink(air).send_stream(payload(3000))
        crossed.append(air.crossed)
    assert crossed == sorted(crossed, reverse=True)
    assert crossed[0] > 3 * crossed[-1]


def test_equal_conditions_give_equal_results_and_other_seeds_others():
    def run(seed):
        air = Air(Conditions(6.2, seed=seed))
        return ByteLink(air, mcs=7, retransmissions=0).send_stream(payload(6000), 120).lost, air.crossed

    assert run(1) == run(1)
    assert run(1)[0] != run(2)[0]


def test_below_the_threshold_of_a_fixed_scheme_blocks_are_lost_and_their_place_is_known():
    threshold = snr_threshold_db(MCS_TABLE[7], 8 * 200, 0.5)
    air = Air(Conditions(threshold, seed=3))
    link = ByteLink(air, mcs=7, retransmissions=0)
    data = payload(4000)
    arrival = link.send_stream(data, 200)
    assert arrival.blocks == 20
    assert 2 <= arrival.blocks_lost <= 18
    assert sum(stop - start for start, stop in arrival.lost) == 200 * arrival.blocks_lost
    missing = np.zeros(len(data), bool)
    for start, stop in arrival.lost:
        missing[start:stop] = True
    sent, received = (np.frombuffer(one, np.uint8) for one in (data, arrival.data))
    assert not received[missing].any()
    np.testing.assert_array_equal(received[~missing], sent[~missing])
    assert all(a[1] < b[0] for a, b in zip(arrival.lost, arrival.lost[1:], strict=False))


def test_repetitions_are_counted_apart_and_help():
    threshold = snr_threshold_db(MCS_TABLE[7], 8 * 200, 0.5)
    air = Air(Conditions(threshold, seed=3))
    link = ByteLink(air, mcs=7, retransmissions=2)
    arrival = link.send_stream(payload(4000), 200)
    assert not arrival.lost
    assert link.ledger.symbols[SymbolClass.RETRANSMISSION] > 0
    assert sum(link.ledger.symbols.values()) == air.crossed
