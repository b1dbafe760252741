from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import LimitExceeded
from semvid.phy import warm_up
from semvid.phy.block import (
    Block,
    BlockReceiver,
    TbState,
    TransportBlock,
    burst_sizes,
    modulate,
)
from semvid.phy.control_word import AGGREGATION_LEVELS
from semvid.phy.layout import DENSE_SPACING, PILOT_SPACINGS, SPARSE_SPACING
from semvid.phy.mcs import MCS_TABLE, snr_threshold_db
from semvid.phy.pilots import sounding


def transport_block(size: int, code: int, seed: int = 1) -> TransportBlock:
    return TransportBlock(np.random.default_rng([seed, size]).bytes(size), MCS_TABLE[code])


slots = st.builds(transport_block, st.integers(1, 300), st.integers(0, 27))
blocks = st.builds(
    Block,
    process=st.integers(0, 15),
    rv=st.just(0),
    protected=slots,
    bulk=st.none() | slots,
    aggregation=st.sampled_from(AGGREGATION_LEVELS),
    pilot_spacing=st.sampled_from(PILOT_SPACINGS),
)


@settings(max_examples=60, deadline=None)
@given(block=blocks, phase=st.floats(0, 6.3), amplitude=st.sampled_from([1e-6, 0.3, 1.0, 1e6]))
def test_any_block_comes_back_through_any_constant_gain(block: Block, phase: float, amplitude: float) -> None:
    symbols, sizes = modulate(block), burst_sizes(block)
    assert len(symbols) == sizes.total == sizes.pilots + sizes.control + sizes.protected + sizes.bulk
    received = (symbols * amplitude * np.exp(1j * phase)).astype(np.complex64)
    reception = BlockReceiver().receive(received)
    assert reception.control is not None
    assert reception.control.process == block.process
    assert block.protected is not None
    assert reception.protected == block.protected.payload
    assert reception.bulk == (block.bulk.payload if block.bulk else None)
    assert reception.bulk_state == (TbState.DECODED if block.bulk else TbState.ABSENT)
    assert reception.sections == (sizes.control, sizes.protected, sizes.bulk)
    assert len(reception.equalised) == sum(reception.sections)
    assert len(symbols) > len(sounding())


@pytest.mark.parametrize("payload", [bytes(500), b"\xff" * 500, bytes(range(250)) * 2])
@pytest.mark.parametrize("code", [3, 9, 19, 25])
def test_symbols_have_unit_power_whatever_the_payload(payload: bytes, code: int) -> None:
    symbols = modulate(Block(0, 0, None, TransportBlock(payload, MCS_TABLE[code]), 1))
    assert symbols.dtype == np.complex64
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1.0, abs=0.08)


def test_a_failed_block_is_mended_by_other_redundancy_versions(awgn: Callable) -> None:
    receiver = BlockReceiver()
    bulk = transport_block(300, 9)
    states = []
    for rv in (0, 2, 3):
        received = awgn(modulate(Block(4, rv, transport_block(20, 0), bulk, 4)), 5.0)
        reception = receiver.receive(received)
        states.append(reception.bulk_state)
    assert states[0] is TbState.FAILED
    assert states[-1] is TbState.DECODED
    assert reception.bulk == bulk.payload


def test_new_data_starts_afresh_and_another_process_does_not_mix(awgn: Callable) -> None:
    receiver = BlockReceiver()
    old, new = transport_block(300, 9, seed=1), transport_block(300, 9, seed=2)
    receiver.receive(awgn(modulate(Block(4, 0, None, old, 4)), 5.0))
    assert receiver.receive(modulate(Block(4, 0, None, new, 2))).bulk == new.payload
    receiver.receive(awgn(modulate(Block(5, 0, None, old, 4)), 5.0))
    mixed = receiver.receive(modulate(Block(6, 2, None, new, 2)))
    assert mixed.bulk in (None, new.payload)
    assert receiver.receive(modulate(Block(6, 3, None, new, 2))).bulk == new.payload


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 5.0, 10.0, 15.0, 20.0])
def test_sounding_measures_the_snr(snr_db: float, awgn: Callable) -> None:
    receptions = [BlockReceiver().receive(awgn(sounding(), snr_db)) for _ in range(150)]
    assert all(r.sounding and r.control is None for r in receptions)
    assert np.mean([r.snr_db for r in receptions]) == pytest.approx(snr_db, abs=0.3)


@pytest.mark.parametrize(
    ("coherence", "snr_db", "largest_loss"), [(64, 15, 0.3), (256, 12, 0.1), (1024, 15, 0.1)]
)
def test_unknown_block_fading(
    coherence: int, snr_db: float, largest_loss: float, awgn: Callable, rayleigh: Callable
) -> None:
    """16-QAM, rate 0.37 and 0.6: control word and captions get through, most bulk blocks too."""
    bulk, protected = transport_block(400, 9 if snr_db == 15 else 5), transport_block(60, 3)
    symbols = modulate(Block(1, 0, protected, bulk, 4))
    receptions = [
        BlockReceiver().receive(awgn(rayleigh(len(symbols), coherence) * symbols, snr_db)) for _ in range(60)
    ]
    assert np.mean([r.control is None for r in receptions]) <= 0.05
    assert np.mean([r.protected != protected.payload for r in receptions]) <= 0.05
    assert np.mean([r.bulk != bulk.payload for r in receptions]) <= largest_loss
    decoded = [r for r in receptions if r.control is not None]
    assert np.mean([r.effective_snr_db < r.snr_db for r in decoded]) > 0.9


def bulk_losses(code: int, size: int, snr_db: float, spacing: int, trials: int, awgn: Callable) -> float:
    blocks = [Block(0, 0, None, transport_block(size, code, seed), 16, spacing) for seed in range(trials)]
    return float(
        np.mean([BlockReceiver().receive(awgn(modulate(b), snr_db)).bulk != b.bulk.payload for b in blocks])  # type: ignore[union-attr]
    )


@pytest.mark.parametrize(("code", "size"), [(0, 30), (3, 100), (10, 200), (16, 400), (22, 400)])
def test_sparse_pilots_cost_no_more_than_a_tenth_of_a_db(code: int, size: int, awgn: Callable) -> None:
    """Thresholds of -6 to 19 dB: 0.1 dB above where one block in ten is lost, sparse loses no more."""
    snr_db = snr_threshold_db(MCS_TABLE[code], 8 * size, 0.1) + 0.1
    dense = bulk_losses(code, size, snr_db, DENSE_SPACING, 100, awgn)
    sparse = bulk_losses(code, size, snr_db + 0.1, SPARSE_SPACING, 100, awgn)
    assert sparse <= dense + 0.06


@pytest.mark.parametrize(("snr_db", "code", "size"), [(0.0, 2, 200), (10.0, 10, 300), (20.0, 20, 600)])
@pytest.mark.parametrize("spacing", PILOT_SPACINGS)
def test_a_decoded_burst_tells_the_snr_to_a_third_of_a_db(
    snr_db: float, code: int, size: int, spacing: int, awgn: Callable
) -> None:
    symbols = modulate(Block(0, 0, None, transport_block(size, code), 8, spacing))
    receptions = [BlockReceiver().receive(awgn(symbols, snr_db)) for _ in range(60)]
    assert all(r.bulk_state is TbState.DECODED for r in receptions)
    measured = [r.snr_db for r in receptions]
    assert np.mean(measured) == pytest.approx(snr_db, abs=0.1)
    assert np.std(measured) < 0.33
    assert max(r.snr_db - r.effective_snr_db for r in receptions) < 0.1


def test_noise_alone_is_no_block(rng: np.random.Generator) -> None:
    for total in [*range(80, 200), 500, 3000]:
        noise = rng.standard_normal((total, 2)).astype(np.float32).view(np.complex64).reshape(-1)
        reception = BlockReceiver().receive(noise)
        assert reception.control is None
        assert reception.snr_db < 10


@settings(max_examples=100, deadline=None)
@given(
    total=st.integers(0, 700),
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["noise", "zeros", "nan", "inf", "huge", "tiny", "one", "mixed"]),
)
def test_garbage_never_raises(total: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    symbols = rng.standard_normal((total, 2)).astype(np.float32).view(np.complex64).reshape(-1)
    match kind:
        case "zeros":
            symbols[:] = 0
        case "nan" | "inf":
            symbols[:] = float(kind)
        case "huge" | "tiny":
            symbols *= np.float32(1e37 if kind == "huge" else 1e-40)
        case "one":
            symbols[:] = 1
        case "mixed":
            symbols[rng.random(total) < 0.3] = rng.choice([np.nan, np.inf, 0, 1e38, 1e-45])
    reception = BlockReceiver().receive(symbols)
    assert reception.control is None
    assert -30 <= reception.snr_db <= 60
    assert -30 <= reception.effective_snr_db <= 60


def test_a_cut_block_is_not_misread(rng: np.random.Generator) -> None:
    symbols = modulate(Block(0, 0, transport_block(50, 3), transport_block(200, 9), 1))
    for length in rng.integers(1, len(symbols), 40):
        assert BlockReceiver().receive(symbols[:length].copy()).control is None


def test_erased_symbols_cost_only_what_they_carried(awgn: Callable) -> None:
    block = Block(0, 0, None, transport_block(400, 9), 2)
    symbols = awgn(modulate(block), 15.0)
    symbols[::20] = np.nan
    reception = BlockReceiver().receive(symbols)
    assert block.bulk is not None
    assert reception.bulk == block.bulk.payload


@pytest.mark.parametrize(
    "symbols",
    [np.zeros(100, np.complex128), np.zeros((4, 25), np.complex64), np.zeros(65_537, np.complex64)],
)
def test_wrong_types_shapes_and_lengths_are_refused(symbols: np.ndarray) -> None:
    with pytest.raises(ValueError, match="complex64"):
        BlockReceiver().receive(symbols)


def test_blocks_out_of_range_are_refused() -> None:
    small = transport_block(10, 0)
    for block in [
        Block(16, 0, small, None, 1),
        Block(0, 0, None, None, 1),
        Block(0, 0, small, None, 3),
        Block(0, 0, small, None, 32),
        Block(0, 0, transport_block(1024, 9), None, 1),
        Block(0, 0, None, TransportBlock(b"", MCS_TABLE[0]), 1),
    ]:
        with pytest.raises(ValueError):
            modulate(block)
    with pytest.raises(ValueError, match="pilot spacing"):
        Block(0, 0, small, None, 1, 64)
    with pytest.raises(LimitExceeded, match="65536"):
        modulate(Block(0, 0, None, transport_block(8191, 0), 1))


def test_warm_up_succeeds() -> None:
    warm_up()


def test_the_snr_is_measured_on_what_was_decoded_of_the_protected_part_too() -> None:
    """A header's burst of 232 symbols errs by .32 dB then, and by .48 with pilots and control word alone."""
    random = np.random.default_rng(0)
    block = Block(1, 0, transport_block(14, 2), None, 2, DENSE_SPACING)
    sent = modulate(block)
    measured = []
    for _ in range(80):
        noise = random.normal(scale=0.05**0.5, size=(2, len(sent)))  # 10 dB
        reception = BlockReceiver().receive((sent + noise[0] + 1j * noise[1]).astype(np.complex64))
        assert reception.protected is not None
        measured.append(reception.snr_db)
    assert np.mean(measured) == pytest.approx(10.0, abs=0.15)
    assert np.std(measured) < 0.4
