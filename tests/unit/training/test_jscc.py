"""The learned code: folding, a start that is a code already, ten steps, and what comes of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from console import cli
from semvid.errors import InvalidInput
from semvid.images.jscc.code import Analysed, Side, decode
from semvid.images.jscc.levels import CHANNELS, LEVELS
from semvid.images.jscc.networks import DECODER, ENCODER, Networks
from training import course
from training.jscc import loop
from training.jscc.crops import CROP, draw, read_all
from training.jscc.loop import Asked, Training
from training.jscc.network import fold, unfold
from training.jscc.start import start_from
from training.jscc.train import CARD, Job, train_jscc
from training.jscc.transmission import across
from training.sources import find_sources, is_held_out

STEPS = 10


@pytest.fixture(autouse=True)
def _small_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_START_CROPS", 12)


@pytest.fixture(scope="module")
def material(clips: Path):
    return read_all(find_sources([clips]), print, lambda source: is_held_out(source.name, 0))


@pytest.fixture(scope="module")
def made(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of ten steps."""
    out = tmp_path_factory.mktemp("jscc")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_START_CROPS", 12)
        job = Job([clips], out, Asked(STEPS, batch=1), "cpu", command="semvid train jscc clips --out out")
        assert train_jscc(job) == out
    return out


def test_what_was_folded_is_unfolded_where_it_is_known_roughly():
    rng = np.random.default_rng(1)
    x = torch.from_numpy(rng.uniform(-9, 9, 4000))
    sent = fold(x)
    assert float(sent.abs().max()) <= 1
    rough, fine = 0.25, 0.05
    known = x + rough * torch.from_numpy(rng.standard_normal(4000))
    folded = sent + fine * torch.from_numpy(rng.standard_normal(4000))
    every = torch.ones(4000, dtype=torch.float64)
    best, variance = unfold(folded, fine**2 * every, known, rough**2 * every)
    error = (best - x).pow(2)
    assert float(error.mean().sqrt()) < 0.5 * rough
    assert float(variance.mean()) == pytest.approx(float(error.mean()), rel=0.3)


def test_the_start_is_a_code_already(material):
    crops = draw(material[0], [3], 12)
    network = start_from(crops).network()
    with torch.no_grad():
        errors = [
            float(across(network, crops, snr, snr, 40.0, np.random.default_rng(0))[0].mean())
            for snr in (0.0, 10.0, 20.0)
        ]
    assert errors == sorted(errors, reverse=True)
    assert errors[1] < 0.2 * float(crops.var())
    assert errors[2] < 0.5 * errors[1]


def test_no_more_symbols_are_spent_than_there_are(material):
    crops = draw(material[0], [4], 2)
    network = start_from(draw(material[0], [3], 12)).network()
    with torch.no_grad():
        for symbols in (5.0, 30.0):
            spent = across(network, crops, 10, 10, symbols, np.random.default_rng(0), spend_all=True)[2]
            assert 0.8 * symbols < spent <= symbols


def test_crops_follow_from_the_seed_alone(material):
    first, second, other = (draw(material[0], [0, n], 3) for n in (1, 1, 2))
    assert first.shape == (3, 3, CROP, CROP)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_run_that_was_interrupted_gives_the_same_weights(material, made, tmp_path):
    whole = Training(Asked(STEPS, batch=1), tmp_path / "whole", material[0], "cpu")
    (tmp_path / "whole").mkdir()
    (tmp_path / "halves").mkdir()
    assert whole.run()
    first = Training(Asked(STEPS, batch=1), tmp_path / "halves", material[0], "cpu")
    steps = iter([0.0] * 6 + [1e9] * 99)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(course.time, "monotonic", lambda: next(steps))
        assert not first.run(seconds=1.0)
    assert 0 < first.course.step < STEPS
    second = Training(Asked(STEPS, batch=1), tmp_path / "halves", material[0], "cpu", resume=True)
    assert second.course.step == first.course.step
    assert second.run()
    for ours, theirs in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_run_that_was_asked_something_else_is_not_resumed(material, made):
    with pytest.raises(InvalidInput, match="belongs to a run of"):
        Training(Asked(STEPS + 1, batch=1), made, material[0], "cpu", resume=True)


def test_a_restorers_checkpoint_is_refused(material, tmp_path):
    torch.save({"asked": {"steps": 1}, "network": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidInput, match="is no checkpoint of a learned code"):
        Training(Asked(1), tmp_path, material[0], "cpu", resume=True)


def test_the_card_says_how_it_was_made(made):
    card = (made / CARD).read_text()
    for said in (
        "semvid train jscc clips --out out", "10 of 10 steps of 1 crops", "seed 0", "Kept out: clip3.",
        "1 sources were learned from, 1 were kept out", Networks(made).digest, "| 0.0255 | 10 | 20 |",
    ):  # fmt: skip
        assert said in card


def test_what_was_exported_sends_pictures(made, material):
    networks = Networks(made)
    picture = material[1][0].pictures[0]
    coded = Analysed(networks, picture, 10.0).code(4000)
    shown = decode(networks, Side.of(coded.side), coded.symbols, np.full(len(coded.symbols), 1e-3))
    assert shown.shape == picture.shape
    difference = shown.astype(float) - picture
    assert np.mean(difference**2) < 0.2 * np.var(picture)
    gain = networks.analyse(np.zeros((1, 3, 16, 16), np.float32), np.zeros((1, 1), np.float32))[2]
    assert gain.shape == (len(LEVELS), CHANNELS)
    assert np.count_nonzero(gain[1]) == 2 * LEVELS[1]


def test_the_command_line_trains(clips, tmp_path):
    arguments = [
        "train",
        "jscc",
        str(clips / "clip0.mp4"),
        "--out",
        str(tmp_path),
        "--steps",
        "1",
        "--batch",
        "1",
    ]
    done = CliRunner().invoke(cli.app, [*arguments, "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path)
    assert {ENCODER, DECODER, CARD} <= {path.name for path in tmp_path.iterdir()}
    shutil.rmtree(tmp_path)


def test_nothing_left_to_learn_from_is_refused(clips, tmp_path):
    with pytest.raises(InvalidInput, match="none is left to learn from"):
        train_jscc(Job([clips / "clip3.mp4"], tmp_path, Asked(1), "cpu"))
