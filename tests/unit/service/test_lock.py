from __future__ import annotations

import os
from pathlib import Path

import pytest

from semvid.errors import InvalidInput
from semvid.service.lock import sole_user


def test_a_second_user_is_refused_with_the_first_one_named(tmp_path: Path) -> None:
    with (
        sole_user(tmp_path, "SEMVID_X_DATA_DIR"),
        pytest.raises(InvalidInput, match=rf"process {os.getpid()}\); stop it or set SEMVID_X_DATA_DIR"),
        sole_user(tmp_path, "SEMVID_X_DATA_DIR"),
    ):
        pass


def test_the_folder_is_free_afterwards_whatever_happened(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), sole_user(tmp_path, "X"):
        raise ZeroDivisionError
    with sole_user(tmp_path, "X"):
        pass
