from collections.abc import Callable

import numpy as np
import pytest

from semvid.phy.adaptation import LinkAdapter
from semvid.phy.block import Block, BlockReceiver, TransportBlock, modulate
from semvid.phy.layout import MAX_BLOCK_SYMBOLS, total_symbols
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import sounding
from semvid.phy.transport_block import symbols_for


def settled(snr_db: float, **options: int) -> LinkAdapter:
    adapter = LinkAdapter(**options)  # type: ignore[arg-type]
    for _ in range(8):
        adapter.observe(snr_db, snr_db)
    return adapter


def test_before_any_report_the_choice_is_robust() -> None:
    adapter = LinkAdapter()
    assert adapter.aggregation() == 8
    for mcs in (adapter.choose_header(100), adapter.choose_protected(100), adapter.choose_bulk(500)):
        assert mcs.qm == 2
        assert mcs.code_rate < 0.15


def test_choices_follow_the_snr_and_their_importance() -> None:
    rates = []
    for snr_db in range(-5, 26, 3):
        adapter = settled(snr_db)
        header, protected, bulk = (
            choose(200).spectral_efficiency
            for choose in (adapter.choose_header, adapter.choose_protected, adapter.choose_bulk)
        )
        assert header <= protected <= bulk < np.log2(1 + 10 ** (snr_db / 10))
        rates.append(bulk)
    assert rates == sorted(rates)
    assert rates[-1] > 6
    levels = [settled(snr_db).aggregation() for snr_db in (-5, 0, 3, 10)]
    assert levels == sorted(levels, reverse=True)
    assert (levels[0], levels[-1]) == (8, 1)


def test_a_fixed_mcs_is_kept_for_bulk_only() -> None:
    adapter = settled(20.0, mcs=3)
    assert adapter.choose_bulk(1000) == MCS_TABLE[3]
    assert adapter.choose_protected(100).spectral_efficiency > MCS_TABLE[3].spectral_efficiency


@pytest.mark.parametrize("options", [{"mcs": 34}, {"mcs": -1}, {"retransmissions": -1}])
def test_impossible_options_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        LinkAdapter(**options)  # type: ignore[arg-type]


def test_failures_lower_the_rate_and_successes_restore_it() -> None:
    adapter = settled(10.0)
    at_first = adapter.choose_bulk(500).spectral_efficiency
    for _ in range(10):
        adapter.choose_bulk(500)
        adapter.observe_ack(False)
    lowered = adapter.choose_bulk(500).spectral_efficiency
    assert lowered < at_first
    for _ in range(300):
        adapter.choose_bulk(500)
        adapter.observe_ack(True)
    assert adapter.choose_bulk(500).spectral_efficiency >= at_first


def test_reports_that_are_not_finite_are_ignored() -> None:
    adapter = settled(10.0)
    adapter.observe(float("nan"), 3.0)
    adapter.observe(5.0, float("-inf"))
    assert adapter.low_snr_db == 10.0


@pytest.mark.parametrize("snr_db", [-30.0, -5.0, 0.0, 10.0, 60.0])
@pytest.mark.parametrize("size", [1, 500, 8191])
def test_what_is_chosen_fits_one_burst(snr_db: float, size: int) -> None:
    adapter = settled(snr_db)
    protected = min(size, 1023)
    taken = symbols_for(size, adapter.choose_bulk(size)) + symbols_for(
        protected, adapter.choose_protected(protected)
    )
    assert total_symbols(taken + 64 * adapter.aggregation()) <= MAX_BLOCK_SYMBOLS
    assert 1 <= adapter.bulk_limit_bytes() <= 8191


def blocks_lost(snr_db: float, trials: int, awgn: Callable) -> tuple[int, int]:
    """Sends blocks as a transmitter would; returns bulk and protected blocks lost after retransmissions."""
    rng = np.random.default_rng([1, round(snr_db) + 100])
    adapter, receiver = LinkAdapter(), BlockReceiver()
    report = receiver.receive(awgn(sounding(), snr_db))
    adapter.observe(report.snr_db, report.effective_snr_db)
    bulk_lost = protected_lost = 0
    for number in range(trials):
        bulk = TransportBlock(rng.bytes(120), adapter.choose_bulk(120))
        protected = TransportBlock(rng.bytes(30), adapter.choose_protected(30))
        arrived: set[bytes] = set()
        index = 0
        for attempt in range(3):
            block = Block(number % 16, REDUNDANCY_VERSIONS[index], protected, bulk, adapter.aggregation())
            reception = receiver.receive(awgn(modulate(block), snr_db))
            adapter.observe(reception.snr_db, reception.effective_snr_db)
            arrived |= {p for p in (reception.bulk, reception.protected) if p is not None}
            if attempt == 0:
                adapter.observe_ack(reception.bulk is not None)
            if bulk.payload in arrived:
                break
            index += reception.control is not None
        bulk_lost += bulk.payload not in arrived
        protected_lost += protected.payload not in arrived
    return bulk_lost, protected_lost


@pytest.mark.parametrize("snr_db", [-5, 0, 5, 10, 15, 20])
def test_less_than_one_block_in_a_hundred_is_lost(snr_db: int, awgn: Callable) -> None:
    bulk, protected = blocks_lost(snr_db, 100, awgn)
    assert bulk <= 1
    assert protected == 0


@pytest.mark.slow
@pytest.mark.parametrize("snr_db", range(-5, 21))
def test_less_than_one_block_in_a_hundred_is_lost_at_every_snr(snr_db: int, awgn: Callable) -> None:
    bulk, protected = blocks_lost(snr_db, 600, awgn)
    assert bulk < 6
    assert protected <= 1


@pytest.mark.parametrize("snr_db", [-3, 4, 12])
def test_headers_survive_an_snr_that_is_two_db_too_high(snr_db: int, awgn: Callable) -> None:
    adapter = settled(snr_db + 2.0)
    for seed in range(150):
        header = TransportBlock(np.random.default_rng(seed).bytes(30), adapter.choose_header(30))
        block = Block(0, 0, header, None, 8)
        assert BlockReceiver().receive(awgn(modulate(block), snr_db)).protected == header.payload
