from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from evaluation.bench import worker
from evaluation.bench.cells import Cell, key
from evaluation.bench.sets import Grid, SweepSet
from evaluation.bench.sweep import _locked
from evaluation.bench.worker import Work, is_of_the_environment, set_digest
from evaluation.judge import Weights
from semvid.errors import Conflict

CELL = Cell("demo:0", "semvid", 10, "awgn", None, 6.5e-4, 6.5e-4, 0)


def test_a_key_does_not_depend_on_the_order_of_what_it_covers() -> None:
    content = {"clip": "a", "seconds": 3.0}
    assert key(content) == key(dict(reversed(content.items())))
    assert key(content) != key({**content, "seconds": 4.0})


def test_records_have_names_that_differ_and_every_file_system_takes() -> None:
    assert CELL.name == "demo-0_semvid_awgn_10dB_0.00065_seed0"
    other = Cell("a/b", "own:Method", -5, "rayleigh", 64, "reference", 1e-4, 1)
    assert other.name == "a-b_own-Method_rayleigh64_-5dB_reference_seed1"


def test_a_process_refuses_to_work_on_other_source_than_the_sweep_began_with(tmp_path: Path) -> None:
    chosen = SweepSet(
        title="", clips=("demo:0",), methods=("av1",), judges=("psnr_db",),
        grid=(Grid(snr_db=(10,), target_cbr=("default",)),),
    )  # fmt: skip
    work = Work(tmp_path, chosen, Weights(), 60, set_digest(("av1",), ("psnr_db",)), {})
    with pytest.raises(RuntimeError, match="source changed"):
        worker.start(replace(work, chosen=chosen.model_copy(update={"methods": ("h264",)})))


@pytest.mark.parametrize(
    ("error", "blames_the_machine"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (FileNotFoundError("clip.mp4"), True),
        (MemoryError(), True),
        (ValueError("a curve needs two points"), False),
        (RuntimeError("the ledger counts 3"), False),
    ],
)
def test_who_is_to_blame_for_a_failure(error: Exception, blames_the_machine: bool) -> None:
    assert is_of_the_environment(error) is blames_the_machine


def test_opencv_without_memory_is_the_machines_fault_and_its_other_errors_are_not() -> None:
    picture = np.zeros((1, 1), np.uint8)
    with pytest.raises(cv2.error) as no_memory:
        cv2.resize(picture, (2**15, 2**30))
    assert is_of_the_environment(no_memory.value)
    with pytest.raises(cv2.error) as wrong:  # OpenCV keeps the code of its latest error only
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert not is_of_the_environment(wrong.value)


def test_a_folder_takes_one_sweep_at_a_time(tmp_path: Path) -> None:
    with _locked(tmp_path), pytest.raises(Conflict, match="another sweep"), _locked(tmp_path):
        pytest.fail("two sweeps hold the folder")
    with _locked(tmp_path):
        assert tmp_path.is_dir()
