"""A plan for 10 dB over a channel that is far worse: the budget holds, and a failure is explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluation.clips import Clip, load
from evaluation.method import Conditions
from evaluation.methods.semantic import Semvid
from transmitter.coding import plan_for
from transmitter.rate.model import AT_10_DB
from transmitter.rate.plan import Plan

TARGET, SMALL = 6.5e-4, 9e-5  # above and below 1e-4, where nothing may pass the target


@pytest.fixture(scope="module")
def clip(real_clip: Callable[[str], dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return load(real_clip("act_weightlifting")["path"], tmp_path_factory.mktemp("clip"), seconds=2.0)


@pytest.fixture(scope="module")
def planned() -> list[Plan]:
    """The one plan, once it is made."""
    return []


@pytest.mark.parametrize(
    ("conditions", "target", "shown"),
    [
        (Conditions(-2.0, seed=1), TARGET, True),
        (Conditions(18.0, "rayleigh", seed=1), TARGET, True),
        (Conditions(5.0, "rayleigh", seed=1), TARGET, None),
        (Conditions(5.0, "rayleigh", seed=1), SMALL, None),
        (Conditions(-5.0, "rayleigh", seed=1), TARGET, False),
    ],
    ids=lambda value: f"{value.model} {value.snr_db:g} dB" if isinstance(value, Conditions) else str(value),
)
def test_the_budget_holds_whatever_the_channel(
    clip: Clip,
    planned: list[Plan],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    conditions: Conditions,
    target: float,
    shown: bool | None,
) -> None:
    """``shown`` is None where it is a matter of luck."""

    def plan(*arguments: Any) -> Plan:
        made = planned or [plan_for(*arguments)]
        assert isinstance(made[0], Plan)
        planned[:] = made
        return planned[0]

    monkeypatch.setattr("evaluation.methods.semantic.plan_for", plan)
    semvid = Semvid("for 10 dB", planned_for=AT_10_DB, restorer="none", coding_time=0.1)
    outcome = semvid.run(clip, conditions, target, tmp_path)
    assert 0 < clip.cbr(outcome.crossed) <= target * (1.02 if target >= 1e-4 else 1.0)
    assert bool(outcome.failed) != bool(outcome.keyframes)
    if outcome.failed:
        assert "symbols that the target CBR allows" in outcome.failed
    if shown is not None:
        assert bool(outcome.keyframes) == shown
