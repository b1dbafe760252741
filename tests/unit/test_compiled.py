"""An installation that cannot be written, without a home folder: copies of the code, in processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from semvid.safe_path import ROOT

USE = "import numba, semvid.phy.crc; print(numba.config.CACHE_DIR)"


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """Every folder for numba's cache is a file: that cannot be written by root either."""
    copy = tmp_path / "installation"
    shutil.copytree(
        Path(ROOT) / "semvid",
        copy / "semvid",
        ignore=shutil.ignore_patterns("__pycache__", "images", "video"),
    )
    for folder in [copy / "semvid", *(path for path in (copy / "semvid").rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("")
    return copy


def _use(installation: Path, folder: Path, home: str | None, temporary: Path) -> tuple[str, str]:
    settings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    }
    done = subprocess.run(
        [sys.executable, "-P", "-B", "-c", USE],
        env={**settings, "PYTHONPATH": str(installation), "TMPDIR": str(temporary)}
        | ({} if home is None else {"HOME": home}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def test_a_temporary_folder_of_the_users_own_takes_the_cache(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    expected = tmp_path / "tmp" / f"semvid-numba-{os.getuid()}"
    for _ in range(2):  # the second finds it
        used, told = _use(installation, tmp_path, "/dev/null/nobody", tmp_path / "tmp")
        assert used == str(expected)
        assert f"compiled code is kept in {expected}" in told
    assert expected.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_is_not_loaded_from(installation: Path, tmp_path: Path) -> None:
    planted = tmp_path / "tmp" / f"semvid-numba-{os.getuid()}"
    planted.mkdir(parents=True)
    planted.chmod(0o777)
    used, _ = _use(installation, tmp_path, "/dev/null/nobody", tmp_path / "tmp")
    assert Path(used).parent == planted.parent
    assert used != str(planted)
    assert not list(planted.iterdir())


def test_a_home_folder_takes_the_cache_without_a_word(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    assert _use(installation, tmp_path, str(tmp_path / "home"), tmp_path) == ("", "")
    assert (tmp_path / "home" / ".cache" / "numba").is_dir()
