"""Ten kills at random points: no accepted video is lost, doubled or stuck."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from semvid.safe_path import ROOT


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_ten_kills(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evaluation.chaos", "--kills", "10", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1400)
    result = json.loads(done.stdout)
    assert result["broken"] == []
    assert result["kills"] == 10
    assert result["outcomes"]["whole"] > 0
    assert sum(result["outcomes"].values()) == result["accepted"]
