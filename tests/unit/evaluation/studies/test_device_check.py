"""The check of every family on a device, dry: on the CPU."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.studies import device_check
from semvid.options import Scoring
from tests.models import tiny_video
from tests.models.tiny_mllm import FAMILIES
from tests.models.tiny_video import KINDS

pytestmark = pytest.mark.tiny_models


@pytest.mark.parametrize(
    "kinds", [("ltx", "wan_vace"), pytest.param(KINDS, marks=pytest.mark.slow, id="all")], ids="-".join
)
def test_every_decoder_runs_whole_and_with_smaller_weights(
    kinds: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole they all run in tests/unit/receiver/decoders/hf/test_families.py, too."""
    monkeypatch.setattr(tiny_video, "KINDS", kinds)
    rows = list(device_check.check_decoders("cpu"))
    assert [(row["family"], row["options"].get("quantisation")) for row in rows] == [
        (kind, quantisation) for kind in kinds for quantisation in (None, "int8", "fp8")
    ]
    assert all("error" not in row for row in rows), rows
    assert {(row["frames"], row["repeatable"]) for row in rows} == {(11, True)}


def test_every_mllm_answers_in_every_way() -> None:
    rows = list(device_check.check_mllms("cpu"))
    assert [(row["family"], row["scoring"]) for row in rows] == [
        (family, scoring.value) for family in FAMILIES for scoring in Scoring
    ]
    assert all("error" not in row for row in rows), rows
    assert all(0 < value < 1 for row in rows for value in row["p_yes"])
    assert all(row["largest_difference"] < 1e-6 for row in rows)


def test_what_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("this device knows no such kernel")

    monkeypatch.setattr(device_check, "make_decoder", fail)
    rows = list(device_check.check_decoders("cpu"))
    assert {row["error"] for row in rows} == {"RuntimeError: this device knows no such kernel"}
