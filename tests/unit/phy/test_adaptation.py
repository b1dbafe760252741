from collections.abc import Callable

import numpy as np
import pytest

from semvid.phy.adaptation import FADING_ERROR_DB, SOUNDING_ERROR_DB, LinkAdapter
from semvid.phy.block import Block, BlockReceiver, TransportBlock, modulate
from semvid.phy.control_word import symbols_at
from semvid.phy.layout import DENSE_SPACING, MAX_BLOCK_SYMBOLS, SPARSE_SPACING, total_symbols
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import SOUNDING_SYMBOLS, sounding
from semvid.phy.transport_block import symbols_for


def settled(snr_db: float, **options: int) -> LinkAdapter:
    adapter = LinkAdapter(**options)  # type: ignore[arg-type]
    for _ in range(8):
        adapter.observe(snr_db, snr_db)
    return adapter


def test_before_any_report_the_choice_is_robust() -> None:
    adapter = LinkAdapter()
    assert adapter.aggregation() == 16
    assert adapter.pilot_spacing() == DENSE_SPACING
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
    assert (levels[0], levels[-1]) == (16, 1)


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


def test_a_burst_tells_more_than_the_sounding_before_it() -> None:
    adapter = LinkAdapter()
    adapter.observe(9.0, 9.0, sounding=True)
    assert adapter.low_snr_db == pytest.approx(9.0 - SOUNDING_ERROR_DB * np.sqrt(2 / 3))
    adapter.observe(10.0, 10.0)
    assert adapter.low_snr_db == 10.0
    adapter.observe(6.0, 6.0)  # so it fades, and two bursts stand for a range
    seen = [burst + error for burst in (10.0, 6.0) for error in (-FADING_ERROR_DB, 0.0, FADING_ERROR_DB)]
    assert adapter.low_snr_db == pytest.approx(np.mean(seen) - np.std(seen))
    adapter.observe(9.0, 9.0)  # three are enough
    assert adapter.low_snr_db == pytest.approx(np.mean([10.0, 6.0, 9.0]) - np.std([10.0, 6.0, 9.0]))


def test_what_bursts_measure_errs_by_as_little_as_they_are_long() -> None:
    adapter = LinkAdapter()
    for symbols, seen in ((SOUNDING_SYMBOLS, 1), (3 * SOUNDING_SYMBOLS, 4)):
        adapter.observe(10.0, 10.0, symbols=symbols)
        error = SOUNDING_ERROR_DB / np.sqrt(seen)
        assert adapter.expected_snr_db == pytest.approx(10.0)
        assert adapter.low_snr_db == pytest.approx(10.0 - error * np.sqrt(2 / 3))
    unsure = adapter.bulk_bits_per_symbol(1000)
    adapter.observe(10.0, 10.0, symbols=2000)
    assert adapter.low_snr_db == 10.0
    assert adapter.bulk_bits_per_symbol(1000) > unsure


def test_the_shortest_control_word_is_for_steady_links() -> None:
    adapter = LinkAdapter()
    adapter.observe(15.0, 15.0, sounding=True)
    assert adapter.aggregation() == 2
    adapter.observe(15.0, 15.0)
    assert adapter.aggregation() == 1
    adapter.observe(15.0, 14.0)
    assert adapter.aggregation() == 2


def test_pilots_are_sparse_where_bursts_showed_a_steady_link() -> None:
    adapter = LinkAdapter()
    adapter.observe(10.4, 10.4, sounding=True)
    assert adapter.pilot_spacing() == DENSE_SPACING  # too short to show a fade
    adapter.observe(9.9, 9.8)
    assert adapter.pilot_spacing() == SPARSE_SPACING


@pytest.mark.parametrize(
    ("snr_db", "effective_snr_db", "control_decoded"),
    [(10.0, 9.5, True), (10.0, 10.0, False), (5.0, 5.0, True)],
    ids=["it faded", "its control word was lost", "another SNR"],
)
def test_pilots_are_dense_as_long_as_one_burst_of_the_history_says_otherwise(
    snr_db: float, effective_snr_db: float, control_decoded: bool
) -> None:
    adapter = settled(10.0)
    assert adapter.pilot_spacing() == SPARSE_SPACING
    adapter.observe(snr_db, effective_snr_db, control_decoded=control_decoded)
    for _ in range(7):
        adapter.observe(10.0, 10.0)
        assert adapter.pilot_spacing() == DENSE_SPACING
    for _ in range(16):
        adapter.observe(10.0, 10.0)
    assert adapter.pilot_spacing() == SPARSE_SPACING


@pytest.mark.parametrize("coherence", [100, 500, 2000])
def test_a_link_that_fades_keeps_dense_pilots(coherence: int, awgn: Callable, rayleigh: Callable) -> None:
    adapter, receiver = LinkAdapter(), BlockReceiver()
    bulk = TransportBlock(bytes(300), MCS_TABLE[3])
    sparse = 0
    for _ in range(40):
        spacing = adapter.pilot_spacing()
        sparse += spacing == SPARSE_SPACING
        symbols = modulate(Block(0, 0, None, bulk, 4, spacing))
        received = receiver.receive(awgn(rayleigh(len(symbols), coherence) * symbols, 12.0))
        decoded = received.control is not None
        adapter.observe(received.snr_db, received.effective_snr_db, control_decoded=decoded)
    assert sparse <= 2


@pytest.mark.parametrize("snr_db", [-30.0, -5.0, 0.0, 10.0, 60.0])
@pytest.mark.parametrize("size", [1, 500, 8191])
def test_what_is_chosen_fits_one_burst(snr_db: float, size: int) -> None:
    adapter = settled(snr_db)
    protected = min(size, 1023)
    taken = symbols_for(size, adapter.choose_bulk(size)) + symbols_for(
        protected, adapter.choose_protected(protected)
    )
    assert total_symbols(taken + symbols_at(adapter.aggregation())) <= MAX_BLOCK_SYMBOLS
    assert 1 <= adapter.bulk_limit_bytes() <= 8191


def blocks_lost(snr_db: float, trials: int, awgn: Callable) -> tuple[int, int]:
    """Sends blocks as a transmitter would; returns bulk and protected blocks lost after retransmissions."""
    rng = np.random.default_rng([1, round(snr_db) + 100])
    adapter, receiver = LinkAdapter(), BlockReceiver()
    report = receiver.receive(awgn(sounding(), snr_db))
    adapter.observe(report.snr_db, report.effective_snr_db, sounding=True)
    bulk_lost = protected_lost = 0
    for number in range(trials):
        bulk = TransportBlock(rng.bytes(120), adapter.choose_bulk(120))
        protected = TransportBlock(rng.bytes(30), adapter.choose_protected(30))
        arrived: set[bytes] = set()
        index = 0
        for attempt in range(3):
            spacing = adapter.pilot_spacing() if attempt == 0 else DENSE_SPACING
            version = REDUNDANCY_VERSIONS[index]
            block = Block(number % 16, version, protected, bulk, adapter.aggregation(), spacing)
            reception = receiver.receive(awgn(modulate(block), snr_db))
            decoded = reception.control is not None
            adapter.observe(reception.snr_db, reception.effective_snr_db, control_decoded=decoded)
            arrived |= {p for p in (reception.bulk, reception.protected) if p is not None}
            if attempt == 0:
                adapter.observe_ack(reception.bulk is not None)
            if bulk.payload in arrived:
                break
            index += decoded
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
        block = Block(0, 0, header, None, 16)
        assert BlockReceiver().receive(awgn(modulate(block), snr_db)).protected == header.payload
