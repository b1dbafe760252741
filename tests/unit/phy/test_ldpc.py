from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.ldpc.base_graphs import (
    CORE_ROWS,
    MAX_INFORMATION_BITS,
    MAX_ROW_WEIGHT,
    LdpcCode,
    ldpc_code,
    lifting_sizes,
)
from semvid.phy.qam import demap, map_bits


def syndrome(code: LdpcCode, word: np.ndarray) -> np.ndarray:
    columns = word.reshape(code.total_columns, code.lifting_size)
    rows = np.zeros((code.check_rows, code.lifting_size), np.uint8)
    for row in range(code.check_rows):
        for edge in range(code.row_start[row], code.row_start[row + 1]):
            rows[row] ^= np.roll(columns[code.columns[edge]], -code.shifts[edge])
    return rows


def test_lifting_sizes_are_those_of_the_standard() -> None:
    sizes = list(lifting_sizes())
    assert len(sizes) == 51
    assert sizes[:6] == [2, 3, 4, 5, 6, 7]
    assert sizes[-4:] == [288, 320, 352, 384]


@pytest.mark.parametrize(("base_graph", "rows", "columns", "edges"), [(1, 46, 68, 316), (2, 42, 52, 197)])
def test_shape_of_the_base_graphs(base_graph: int, rows: int, columns: int, edges: int) -> None:
    code = ldpc_code(base_graph, 1000)
    assert (code.check_rows, code.total_columns, len(code.columns)) == (rows, columns, edges)
    assert np.diff(code.row_start).max() <= MAX_ROW_WEIGHT
    for row in range(CORE_ROWS, rows):  # the encoder relies on it
        edge = code.row_start[row + 1] - 1
        assert (code.columns[edge], code.shifts[edge]) == (code.information_columns + row, 0)


@pytest.mark.parametrize("base_graph", [1, 2])
@pytest.mark.parametrize("lifting_size", lifting_sizes())
def test_every_lifting_size_gives_code_words(
    base_graph: int, lifting_size: int, rng: np.random.Generator
) -> None:
    used = 22 if base_graph == 1 else 6 if lifting_size <= 32 else 8 if lifting_size <= 64 else 10
    code = ldpc_code(base_graph, used * lifting_size - 1)
    assert code.lifting_size == lifting_size
    information = rng.integers(0, 2, code.information_bits).astype(np.uint8)
    word = encoder.encode(code, information)
    assert not syndrome(code, word).any()
    assert np.array_equal(word[: code.information_bits], information)


@pytest.mark.parametrize(("base_graph", "bits"), [(1, 0), (1, 8449), (2, 3841), (3, 100)])
def test_impossible_codes_are_refused(base_graph: int, bits: int) -> None:
    with pytest.raises(ValueError, match="base graph"):
        ldpc_code(base_graph, bits)


@pytest.mark.parametrize("base_graph", [1, 2])
@pytest.mark.parametrize("rv", [0, 1, 2, 3])
def test_rate_matching_returns_every_bit_to_its_place(
    base_graph: int, rv: int, rng: np.random.Generator
) -> None:
    code = ldpc_code(base_graph, 700)
    word = rng.integers(0, 2, code.codeword_bits).astype(np.uint8)
    word[code.information_bits : code.filler_end] = 0
    everything = code.codeword_bits  # more than once around: fillers and punctured bits are not sent
    sent = rate_matching.rate_match(word, code, everything + everything % 2, 2, rv)
    buffer = rate_matching.new_soft_buffer(code)
    rate_matching.accumulate(buffer, 1 - 2 * sent.astype(np.float32), code, 2, rv)
    received = buffer != 0
    assert not received[: 2 * code.lifting_size].any()
    assert received[2 * code.lifting_size :].all()
    assert np.array_equal(buffer[received] < 0, word[received].astype(bool))


def test_repeated_bits_add_up() -> None:
    code = ldpc_code(2, 40)
    once = code.codeword_bits - 2 * code.lifting_size - (code.filler_end - code.information_bits)
    buffer = rate_matching.new_soft_buffer(code)
    rate_matching.accumulate(buffer, np.ones(3 * once, np.float32), code, 1, rv=0)
    sent = np.delete(buffer[2 * code.lifting_size :], slice(40 - 2 * code.lifting_size, None))
    assert np.array_equal(np.unique(sent), [3.0])


def decodes(code: LdpcCode, sent: int, snr_db: float, iterations: int, rng, awgn) -> bool:
    """One QPSK block over AWGN."""
    qm = 2
    information = rng.integers(0, 2, code.information_bits).astype(np.uint8)
    bits = rate_matching.rate_match(encoder.encode(code, information), code, sent, qm, rv=0)
    llrs = demap(awgn(map_bits(bits, qm), snr_db), 10 ** (-snr_db / 10), qm)
    buffer = rate_matching.new_soft_buffer(code)
    rate_matching.accumulate(buffer, llrs, code, qm, rv=0)
    decoded = decoder.decode(code, buffer, iterations)
    return decoded.converged and np.array_equal(decoded.bits, information)


@pytest.mark.parametrize(
    ("bits", "sent", "snr_db", "iterations", "bler"),
    [(512, 1024, 1.5, 10, 0.0738), (1024, 2048, 1.1, 20, 0.069), (512, 2048, -2.4, 20, 0.013)],
)
def test_block_error_rates_are_those_of_exact_sum_product(
    bits: int,
    sent: int,
    snr_db: float,
    iterations: int,
    bler: float,
    rng: np.random.Generator,
    awgn: Callable,
) -> None:
    """First row: AFF3CT's published curve (layered SPA); others: our simulation with the exact box-plus."""
    code = ldpc_code(2, bits)
    trials = 600
    lost = sum(not decodes(code, sent, snr_db, iterations, rng, awgn) for _ in range(trials))
    spread = 4 * np.sqrt(bler * trials)
    assert bler * trials - spread <= lost <= bler * trials + spread


def test_nothing_received_is_not_a_code_word() -> None:
    code = ldpc_code(2, 100)
    assert not decoder.decode(code, rate_matching.new_soft_buffer(code)).converged


@settings(max_examples=30, deadline=None)
@given(
    base_graph=st.sampled_from([1, 2]),
    bits=st.integers(1, 3840),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.0, 1e-30, 1.0, 1e4, 1e38, np.inf, np.nan]),
)
def test_garbage_never_raises_or_hangs(base_graph: int, bits: int, seed: int, scale: float) -> None:
    code = ldpc_code(base_graph, min(bits, MAX_INFORMATION_BITS[base_graph]))
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 0.0, 1.0], code.codeword_bits)
    with np.errstate(invalid="ignore"):
        buffer = (signs * scale).astype(np.float32)
    decoded = decoder.decode(code, buffer)
    assert decoded.bits.shape == (code.information_bits,)
    assert set(np.unique(decoded.bits)) <= {0, 1}


def test_a_few_infinite_llrs_do_no_harm(rng: np.random.Generator) -> None:
    code = ldpc_code(1, 1000)
    information = rng.integers(0, 2, 1000).astype(np.uint8)
    sent = rate_matching.rate_match(encoder.encode(code, information), code, 2000, 2, rv=0)
    llrs = 4 * (1 - 2 * sent.astype(np.float32))
    llrs[::50] *= np.inf
    llrs[1::50] = np.nan
    buffer = rate_matching.new_soft_buffer(code)
    rate_matching.accumulate(buffer, llrs, code, 2, rv=0)
    decoded = decoder.decode(code, buffer)
    assert decoded.converged
    assert np.array_equal(decoded.bits, information)


def test_wrong_lengths_are_refused() -> None:
    code = ldpc_code(2, 100)
    with pytest.raises(ValueError, match="100 bits"):
        encoder.encode(code, np.zeros(99, np.uint8))
    with pytest.raises(ValueError, match="LLRs of shape"):
        decoder.decode(code, np.zeros(5, np.float32))
