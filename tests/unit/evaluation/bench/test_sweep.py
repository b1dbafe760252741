from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.bench import worker
from evaluation.bench.cells import Cell, code_digest, read_record, write_atomically
from evaluation.bench.worker import Work
from evaluation.judge import Weights

CELL = Cell("painted:0", "semvid", 10, "awgn", None, 6.5e-4, 6.5e-4, 0)


def test_a_key_changes_with_everything_that_decides_the_numbers() -> None:
    facts = {"clip_bytes": "a", "seconds": 3.0}
    keys = {
        CELL.key(facts),
        CELL.key({**facts, "clip_bytes": "b"}),
        CELL.key({**facts, "seconds": 4.0}),
        *(replace(CELL, **{name: value}).key(facts) for name, value in {
            "method": "av1", "snr_db": 9.0, "channel_model": "rayleigh", "coherence_symbols": 64,
            "target_cbr": 6e-4, "seed": 1,
        }.items()),
    }  # fmt: skip
    assert len(keys) == 9
    assert CELL.key(facts) == CELL.key(dict(reversed(facts.items())))


def test_records_have_names_that_differ_and_every_file_system_takes() -> None:
    assert CELL.name == "painted-0_semvid_awgn_10dB_0.00065_seed0"
    other = Cell("a/b", "own:Method", -5, "rayleigh", 64, "reference", 1e-4, 1)
    assert other.name == "a-b_own-Method_rayleigh64_-5dB_reference_seed1"


def test_half_a_record_is_none(tmp_path: Path) -> None:
    write_atomically(tmp_path / "r.json", '{"cbr": 1}')
    assert read_record(tmp_path / "r.json") == {"cbr": 1}
    (tmp_path / "r.json").write_text('{"cbr": ')
    assert read_record(tmp_path / "r.json") is None
    assert read_record(tmp_path / "none.json") is None
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_process_refuses_to_work_on_other_source_than_the_sweep_began_with(tmp_path: Path) -> None:
    work = Work(tmp_path, (), Weights(), 1.0, 7, 60, {"code": "something else"})
    assert code_digest()[:12] != "something else"
    with pytest.raises(RuntimeError, match="source changed"):
        worker.start(work, tmp_path)
