"""Gaps, ten steps on two tiny clips, and what comes of them, through the receiver."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from console import cli
from evaluation.method import Conditions
from evaluation.methods.semantic import Semvid
from semvid.errors import InvalidInput, SemvidError
from semvid.images.fidelity import psnr_db
from semvid.images.interpolation import Bridge
from semvid.images.onnx_model import digest_of
from semvid.images.synthesiser import SynthesisedBridge, Synthesiser
from tests.unit.evaluation.synthetic import moving_bar
from training import course
from training.job import Job
from training.loop import state
from training.losses import Loss
from training.sources import Source
from training.synthesiser import crops
from training.synthesiser import gaps as module
from training.synthesiser.crops import CROP, MARGIN, Batch, draw
from training.synthesiser.drawing import Drawing
from training.synthesiser.export import synthesiser_model, worst_difference
from training.synthesiser.gaps import Gap, prepare
from training.synthesiser.loop import Asked, Training
from training.synthesiser.network import SynthesiserNetwork
from training.synthesiser.train import CARD, MODEL, train_synthesiser

ASKED = Asked(steps=10, seed=4, batch=1)
LEFT_OUT = (0, 8)  # rows and columns above and before a crop
EDGE = 64  # pixels


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where gaps are kept."""
    return tmp_path_factory.mktemp("gaps")


@pytest.fixture(scope="module")
def gaps(source: Source, kept: Path) -> list[Gap]:
    """Of the clip that is learned from."""
    return prepare(source, kept, seed=0)


@pytest.fixture(scope="module")
def network() -> SynthesiserNetwork:
    """Random weights, so that every one of them matters."""
    torch.manual_seed(3)
    made = SynthesiserNetwork()
    torch.nn.init.normal_(made.leave.weight, std=0.02)
    return made


@pytest.fixture(scope="module")
def made(clips: Path, kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of ten steps."""
    out = tmp_path_factory.mktemp("out")
    (out / "gaps").symlink_to(kept)
    stills = tmp_path_factory.mktemp("stills")
    cv2.imwrite(str(stills / "still.png"), np.zeros((300, 300, 3), np.uint8))
    told: list[str] = []
    command = "semvid train synthesiser clips --out out"
    job = Job([clips, stills], out, Asked(10, batch=1), "cpu", command=command)
    assert train_synthesiser(job, told.append) == out / MODEL
    assert "10 of 10 steps done" in told
    assert not any("still" in line for line in told)
    return out


def corner_of(gap: Gap) -> Batch:
    """A crop of a gap's first moment, near a corner; its eighths are those of the whole picture."""
    moment = gap.moments[0]
    row, column = LEFT_OUT[0] // 2, LEFT_OUT[1] // 2
    places = np.s_[row : row + CROP // 2, column : column + CROP // 2]
    return Batch(
        *(
            crops._planes([crops._with_margin(one, 2 * row, 2 * column)]) / 255
            for one in (gap.start, gap.end)
        ),
        crops._planes([moment.motion[places]]),
        crops._planes([moment.share_of_end[places][..., None]]),
        np.array([[moment.t]], np.float32),
        crops._planes([moment.source[2 * row : 2 * row + CROP, 2 * column : 2 * column + CROP]]) / 255,
    )


def inside(picture: np.ndarray) -> np.ndarray:
    """The crop of `corner_of`, but for what its edges disturb."""
    top, left = LEFT_OUT
    return picture[top + EDGE : top + CROP - EDGE, left + EDGE : left + CROP - EDGE]


def test_gaps_hold_what_the_receiver_bridges(gaps: list[Gap]) -> None:
    assert len(gaps) == 3 * 2 * 3
    assert {len(gap.moments) for gap in gaps} == {1}  # the clip has 20 frames, so keyframes are two apart
    for gap in gaps:
        assert 48 <= gap.crf <= 64
        assert gap.spacing >= 2
        assert gap.start.shape == gap.end.shape == gap.moments[0].source.shape
        bridge = Bridge(gap.start, gap.end)
        for moment in gap.moments:
            assert 0 < moment.t < 1
            draft = bridge.draft(moment.t)
            assert np.allclose(moment.motion, draft.motion, rtol=1e-3, atol=1e-3)
            assert np.allclose(moment.share_of_end, draft.share_of_end, atol=1e-3)
            frame = bridge.frame(moment.t)
            assert psnr_db(moment.source, frame) > psnr_db(255 - moment.source, frame)


def test_a_second_run_reads_what_the_first_one_made(
    source: Source, kept: Path, gaps: list[Gap], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "code", None)
    for one, other in zip(gaps, prepare(source, kept, seed=0), strict=True):
        assert (one.size, one.crf, one.spacing) == (other.size, other.crf, other.spacing)
        assert np.array_equal(one.start, other.start)
        assert [moment.t for moment in one.moments] == [moment.t for moment in other.moments]
    with pytest.raises(TypeError):
        prepare(source, kept, seed=1)  # other gaps must be coded


def test_photographs_and_what_cannot_be_read_are_refused(tmp_path: Path) -> None:
    for name, complaint in (("a.png", "a photograph"), ("a.mp4", r"a\.mp4 cannot be read")):
        (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(InvalidInput, match=complaint):
            prepare(Source("a", tmp_path / name), tmp_path, seed=0)


def test_training_draws_what_the_receiver_draws(
    gaps: list[Gap], network: SynthesiserNetwork, tmp_path: Path
) -> None:
    (tmp_path / MODEL).write_bytes(synthesiser_model(network))
    for gap in gaps[:3]:
        drawing, t = Drawing(corner_of(gap), torch.device("cpu")), gap.moments[0].t
        with torch.no_grad():
            pairs = (
                (Bridge(gap.start, gap.end), drawing.bridged()),
                (
                    SynthesisedBridge(Synthesiser(tmp_path / MODEL), gap.start, gap.end),
                    drawing.synthesised(network),
                ),
            )
        for bridge, drawn in pairs:
            ours = 255 * drawn[0].clamp(0, 1).numpy().transpose(1, 2, 0)[EDGE:-EDGE, EDGE:-EDGE]
            apart = np.abs(inside(bridge.frame(t)) - ours)
            assert apart.mean() < 0.7  # of 255; rounding, and steps of 1/32 pixel in OpenCV's lookups
            assert apart.max() < 4


def test_crops_are_the_same_for_one_step_and_others_for_another(gaps: list[Gap]) -> None:
    one, again, other = (draw([gaps], 0, step, 4) for step in (7, 7, 8))
    assert np.array_equal(one.starts, again.starts)
    assert not np.array_equal(one.starts, other.starts)
    assert one.starts.shape == (4, 3, CROP + 2 * MARGIN, CROP + 2 * MARGIN)
    assert one.motions.shape == (4, 2, CROP // 2, CROP // 2)
    assert ((one.times > 0) & (one.times < 1)).all()


def test_a_crop_that_is_mirrored_or_seen_backwards_shows_the_same(gaps: list[Gap]) -> None:
    class Scripted:
        def __init__(self, mirrored: int, backwards: int) -> None:
            self._numbers = iter((0, 0, 0, 0, 4, mirrored, backwards))

        def integers(self, _end: int) -> int:
            return next(self._numbers)

    def bridged(mirrored: int, backwards: int) -> torch.Tensor:
        *pictures, t, source = crops._crop([gaps], Scripted(mirrored, backwards))  # type: ignore[arg-type]
        start, end, motion, share = (crops._planes([one]) for one in pictures)
        batch = Batch(
            start / 255, end / 255, motion, share, np.array([[t]], np.float32), crops._planes([source])
        )
        return Drawing(batch, torch.device("cpu")).bridged()

    plain = bridged(0, 0)
    assert torch.allclose(bridged(0, 1), plain, atol=0.02)
    assert torch.allclose(bridged(1, 0).flip(-1), plain, atol=0.02)
    assert not torch.allclose(bridged(1, 0), plain, atol=0.2)


def test_a_resumed_run_gives_what_an_uninterrupted_one_gives(
    gaps: list[Gap], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(course.time, "monotonic", lambda: float(next(ticks)))
    (tmp_path / "whole").mkdir()
    whole = Training(ASKED, tmp_path / "whole", "cpu")
    assert whole.run([gaps])
    first = Training(ASKED, tmp_path, "cpu")
    assert not first.run([gaps], seconds=6)
    second = Training(ASKED, tmp_path, "cpu", resume=True)
    assert 0 < second.course.step == first.course.step < ASKED.steps
    assert second.run([gaps])
    for name, value in state(whole.average).items():
        assert torch.equal(value, state(second.average)[name]), name


def test_it_begins_with_what_the_bridge_draws_and_learns(gaps: list[Gap], tmp_path: Path) -> None:
    drawing = Drawing(draw([gaps], 0, 0, 1), torch.device("cpu"))
    assert torch.allclose(drawing.synthesised(SynthesiserNetwork()), drawing.bridged(), atol=1e-6)
    training = Training(Asked(steps=15, batch=1), tmp_path, "cpu")
    training.run([gaps[:1]])

    def blamed(network: SynthesiserNetwork) -> float:
        seen = Drawing(draw([gaps[:1]], 9, 0, 4), torch.device("cpu"))
        with torch.no_grad():
            return float(Loss().total(Loss().parts(seen.synthesised(network), seen.real)))

    assert blamed(training.average) < 0.98 * blamed(SynthesiserNetwork())


def test_the_exported_model_is_the_trained_network(network: SynthesiserNetwork, tmp_path: Path) -> None:
    path = tmp_path / MODEL
    path.write_bytes(synthesiser_model(network))
    assert worst_difference(path, network) < 1e-5
    assert path.stat().st_size < 5e6
    torch.manual_seed(4)
    other = SynthesiserNetwork()
    with pytest.raises(SemvidError, match="differs from the trained one"):
        worst_difference(path, other)


def test_the_card_says_how_it_was_made(made: Path) -> None:
    card = (made / CARD).read_text()
    for said in (
        "semvid train synthesiser clips --out out", "10 of 10 steps of 1 crops", "seed 0",
        "Kept out: clip3.", "1 sources were learned from, 1 were kept out", "| 2 and more |", " -> ",
    ):  # fmt: skip
        assert said in card


def test_the_laboratory_says_which_network_drew(network: SynthesiserNetwork, tmp_path: Path) -> None:
    path = tmp_path / MODEL
    path.write_bytes(synthesiser_model(network))
    method = Semvid("semvid", decoder=f"synthesiser:{path}", restorer="none", quality=60)
    outcome = method.run_once(moving_bar(tmp_path / "bar.mp4", 9), Conditions(10.0, seed=3), None)
    assert outcome.settings["synthesiser"] == digest_of(path.read_bytes())
    assert len(list(outcome.pictures())) == 9


def test_the_command_line_trains(clips: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "gaps").symlink_to(kept)
    command = ["train", "synthesiser", str(clips / "clip0.mp4"), "--out", str(tmp_path), "--batch", "1"]
    done = CliRunner().invoke(cli.app, [*command, "--steps", "1", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / MODEL)
    again = CliRunner().invoke(cli.app, [*command, "--steps", "1", "--resume"])
    assert again.exit_code == 0
    assert "1 of 1 steps done" in again.stderr
