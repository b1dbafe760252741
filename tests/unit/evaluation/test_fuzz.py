"""The fuzzer's inputs repeat by their seed, reach what they are for, and what is no refusal is found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evaluation.fuzz import chunk
from evaluation.fuzz.mutation import mutated
from evaluation.fuzz.targets import TARGETS, Target

DEAR = {"upload probe": 20, "analogue sides": 100}  # inputs, of what takes its time over each


@pytest.mark.parametrize("name", TARGETS)
def test_parsers_take_or_refuse(name: str) -> None:
    count = DEAR.get(name, 300)
    result = chunk.run(name, "test", count)
    assert result["findings"] == []
    assert result["executions"] == count
    assert result["taken"]  # some come through, or only the door is tested
    assert chunk.run(name, "test", count) == result


def test_inputs_are_nearly_valid() -> None:
    corpus = [bytes(range(50))]
    inputs = [mutated(random.Random(number), corpus) for number in range(300)]
    assert len(set(inputs)) > 250
    assert sum(one[:5] == corpus[0][:5] for one in inputs) > 100


def test_what_is_no_refusal_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(data: bytes) -> None:
        if len(data) != 4:
            raise KeyError("boom")

    def broken(_: Path) -> Target:
        return Target([b"good"], feed, (ValueError,))

    monkeypatch.setitem(TARGETS, "broken", broken)
    findings = chunk.run("broken", "test", 50)["findings"]
    assert isinstance(findings, list)
    assert len(findings) == chunk.MOST_FINDINGS
    assert all(finding.startswith("KeyError: 'boom'; input ") for finding in findings)
