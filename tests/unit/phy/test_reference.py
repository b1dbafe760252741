"""Our chain against Sionna's, an independent implementation of the same clauses."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Demapper, Mapper
from sionna.phy.nr.utils import decode_mcs_index

from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.ldpc.base_graphs import ldpc_code
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.qam import QAM_ORDERS, demap, map_bits

pytestmark = pytest.mark.reference

SIZES = [  # base graph, information bits, coded bits, bits per symbol
    (2, 24, 96, 2), (2, 40, 120, 2), (2, 57, 128, 2), (2, 100, 300, 4), (2, 192, 576, 6), (2, 193, 384, 8),
    (2, 200, 600, 4), (2, 292, 876, 6), (2, 400, 1200, 2), (2, 560, 840, 4), (2, 561, 1122, 6),
    (2, 640, 1280, 8), (2, 641, 960, 2), (2, 1000, 1200, 2), (2, 1000, 4800, 4), (2, 2112, 4224, 4),
    (2, 3824, 5712, 6), (2, 3840, 5760, 8), (1, 300, 400, 2), (1, 972, 1944, 4), (1, 3000, 6000, 6),
    (1, 4224, 8448, 2), (1, 5000, 7500, 2), (1, 5000, 14_000, 8), (1, 8000, 8800, 8), (1, 8448, 16_896, 4),
    (1, 8448, 25_000, 2),
]  # fmt: skip


@pytest.mark.parametrize(("base_graph", "information", "coded", "qm"), SIZES)
def test_coded_bits_are_the_same(
    base_graph: int, information: int, coded: int, qm: int, rng: np.random.Generator
) -> None:
    bits = rng.integers(0, 2, (2, information)).astype(np.uint8)
    reference = LDPC5GEncoder(information, coded, num_bits_per_symbol=qm, bg=f"bg{base_graph}")
    expected = reference(torch.tensor(bits, dtype=torch.float32), rv=[0, 1, 2, 3]).numpy().astype(np.uint8)
    code = ldpc_code(base_graph, information)
    for block in range(2):
        word = encoder.encode(code, bits[block])
        for rv in range(4):
            ours = rate_matching.rate_match(word, code, coded, qm, rv)
            assert np.array_equal(ours, expected[block, rv])


@pytest.mark.parametrize("qm", QAM_ORDERS)
def test_symbols_and_llrs_are_the_same(qm: int, rng: np.random.Generator, awgn: Callable) -> None:
    bits = rng.integers(0, 2, 1200 * qm).astype(np.uint8)
    symbols = map_bits(bits, qm)
    theirs = Mapper("qam", qm)(torch.tensor(bits, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(symbols, theirs, atol=1e-6)
    received = awgn(symbols, 12.0)
    no = 10**-1.2
    expected = -Demapper("app", "qam", qm)(torch.tensor(received), torch.tensor(no)).numpy()
    np.testing.assert_allclose(demap(received, no, qm), expected.clip(-100, 100), rtol=2e-3, atol=2e-2)


def test_mcs_tables_are_the_same() -> None:
    for first_code, rows, table in ((0, 28, 2), (28, 6, 3)):
        for row in range(rows):
            qm, rate = decode_mcs_index(torch.tensor(row), table_index=table, is_pusch=False)
            mcs = MCS_TABLE[first_code + row]
            assert (mcs.qm, mcs.code_rate) == (int(qm), pytest.approx(float(rate)))


@pytest.mark.parametrize(
    ("base_graph", "information", "coded", "snr_db"), [(2, 500, 1000, 1.3), (1, 1200, 1800, 3.0)]
)
def test_decoding_is_at_least_as_good(
    base_graph: int, information: int, coded: int, snr_db: float, rng: np.random.Generator, awgn: Callable
) -> None:
    """Same noisy LLRs, 20 iterations each: lost blocks of 300."""
    trials = 300
    code = ldpc_code(base_graph, information)
    bits = rng.integers(0, 2, (trials, information)).astype(np.uint8)
    llrs = np.empty((trials, coded), np.float32)
    lost = 0
    for trial in range(trials):
        sent = rate_matching.rate_match(encoder.encode(code, bits[trial]), code, coded, 2, rv=0)
        llrs[trial] = demap(awgn(map_bits(sent, 2), snr_db), 10 ** (-snr_db / 10), 2)
        buffer = rate_matching.new_soft_buffer(code)
        rate_matching.accumulate(buffer, llrs[trial], code, 2, rv=0)
        lost += not np.array_equal(decoder.decode(code, buffer).bits, bits[trial])
    reference_encoder = LDPC5GEncoder(information, coded, num_bits_per_symbol=2, bg=f"bg{base_graph}")
    reference = LDPC5GDecoder(reference_encoder, num_iter=20)  # its LLRs are log p1/p0
    with torch.no_grad():
        decoded = reference(torch.tensor(-llrs)).numpy()
    lost_by_reference = int(np.any(decoded != bits, axis=1).sum())
    assert 0 < lost_by_reference < trials
    assert lost <= lost_by_reference + 2 * np.sqrt(lost_by_reference)
