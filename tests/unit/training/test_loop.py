from __future__ import annotations

from dataclasses import asdict
from itertools import count
from pathlib import Path

import pytest
import torch

from semvid.errors import InvalidInput, MissingComponent
from training import course
from training.batches import Scene
from training.course import CHECKPOINT, CURVE
from training.export import restorer_model
from training.loop import Asked, Training, state
from training.pairs import Pairs

ASKED = Asked(steps=10, seed=4, batch=1)


@pytest.fixture(autouse=True)
def _a_clock_that_ticks_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(course.time, "monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr(course, "_CURVE_EVERY", 4)


def test_a_resumed_run_gives_what_an_uninterrupted_one_gives(pairs: list[Pairs], tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = Training(ASKED, tmp_path / "whole", "cpu")
    assert whole.run([Scene(pairs)])
    first = Training(ASKED, tmp_path, "cpu")
    assert not first.run([Scene(pairs)], seconds=6)
    assert 0 < first.course.step < ASKED.steps
    assert first.course.step % 4  # in the middle of a row of the curve
    second = Training(ASKED, tmp_path, "cpu", resume=True)
    assert second.course.step == first.course.step
    assert second.run([Scene(pairs)])
    for name, value in state(whole.average).items():
        assert torch.equal(value, state(second.average)[name]), name
    rows = [[{**row, "seconds": 0} for row in run.course.curve] for run in (whole, second)]
    assert [row["step"] for row in rows[0]] == [4, 8, 10]
    assert rows[0] == rows[1]
    assert (tmp_path / CURVE).read_text().count("\n") == 4


def test_another_seed_gives_other_weights(pairs: list[Pairs], tmp_path: Path) -> None:
    made = []
    for seed in (4, 4, 5):
        training = Training(Asked(2, seed, 1), tmp_path, "cpu")
        training.run([Scene(pairs)])
        made.append(state(training.average)["leave.weight"])
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_it_learns_what_one_clip_lost(pairs: list[Pairs], tmp_path: Path) -> None:
    training = Training(Asked(steps=24, batch=1), tmp_path, "cpu")
    training.run([Scene([pairs[-1]])])
    first, *_, last = training.course.curve
    assert last["texture"] / last["texture_before"] < 0.97 * first["texture"] / first["texture_before"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no"),
        (b"nonsense", "no checkpoint of a restorer"),
        ({"asked": {"steps": 10, "of": "something else"}}, "no checkpoint of a restorer"),
        ({"asked": asdict(ASKED)}, "no checkpoint of a restorer"),  # without weights
    ],
)
def test_what_cannot_be_resumed_is_refused(content: object, message: str, tmp_path: Path) -> None:
    if isinstance(content, bytes):
        (tmp_path / CHECKPOINT).write_bytes(content)
    elif content is not None:
        torch.save(content, tmp_path / CHECKPOINT)
    with pytest.raises(InvalidInput, match=message):
        Training(ASKED, tmp_path, "cpu", resume=True)


def test_a_run_that_was_asked_something_else_is_not_resumed(pairs: list[Pairs], tmp_path: Path) -> None:
    Training(ASKED, tmp_path, "cpu").run([Scene(pairs)], seconds=2)
    with pytest.raises(InvalidInput, match="ask the same"):
        Training(Asked(11, 4, 1), tmp_path, "cpu", resume=True)


def test_it_goes_on_from_what_was_learned_before(pairs: list[Pairs], tmp_path: Path) -> None:
    first = Training(ASKED, tmp_path, "cpu")
    first.run([Scene(pairs)])
    (tmp_path / "restorer.onnx").write_bytes(restorer_model(first.average))
    second = Training(ASKED, tmp_path, "cpu", start=tmp_path / "restorer.onnx")
    learned = state(first.average)
    assert all(torch.equal(learned[name], value) for name, value in state(second.average).items())


def test_devices_that_are_not_there_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InvalidInput, match="choose auto, cpu or cuda"):
        Training(ASKED, tmp_path, "tpu")
    with pytest.raises(MissingComponent, match="finds no GPU"):
        Training(ASKED, tmp_path, "cuda")
