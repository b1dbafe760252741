"""Metrics with a network: LPIPS, DISTS, CLIP, embeddings; and VMAF, which has a program."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import chelsea

from evaluation.judge import Absent, Facts, Frames, Weights
from evaluation.judges import JUDGES
from evaluation.judges.clip_similarity import ClipSimilarity
from evaluation.judges.detection import CONFIDENT_SCORE, LEAST_SCORE, small_detector
from evaluation.judges.dists import MIXTURE, VGG, Dists
from evaluation.judges.lpips import Lpips
from evaluation.judges.vmaf import find_ffmpeg, vmaf_command, vmaf_values
from semvid.errors import InvalidInput, MissingComponent, SemvidError
from semvid.images.objects import SHIPPED


@pytest.fixture(scope="module")
def steps():
    """A picture and ever stronger blurs of it."""
    coarse = np.random.default_rng(3).integers(0, 256, (12, 16, 3), np.uint8)
    picture = cv2.resize(coarse, (128, 96), interpolation=cv2.INTER_CUBIC)
    cv2.circle(picture, (60, 40), 24, (240, 220, 30), -1)
    return [picture, *(cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in (1, 3, 9))]


def test_lpips_is_zero_for_equals_and_grows_with_damage(judges, steps):
    lpips = Lpips(judges / "lpips_squeeze.onnx")
    values = [lpips(steps[0], picture) for picture in steps]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert all(a < b for a, b in pairwise(values))
    assert 0.2 < values[-1] < 2


def test_lpips_is_that_of_the_official_scale(judges, steps):
    """Inputs in -1..1: with 0..1 or 0..255 the same model gives other figures."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(judges / "lpips_squeeze.onnx"))
    a, b = (p.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1 for p in (steps[0], steps[2]))
    assert Lpips(judges / "lpips_squeeze.onnx")(steps[0], steps[2]) == pytest.approx(
        float(session.run(None, {"a": a, "b": b})[0][0]), rel=1e-5
    )


def test_lpips_refuses_another_model(judges, tmp_path):
    with pytest.raises(InvalidInput, match="inputs"):
        Lpips(SHIPPED)
    with pytest.raises(InvalidInput, match="no LPIPS model"):
        Lpips(tmp_path / "nothing.onnx")


def test_the_small_detector_finds_a_cat(judges):
    best, *others = small_detector(judges)(np.ascontiguousarray(chelsea()))
    assert best.label == "cat"
    assert best.score > CONFIDENT_SCORE
    assert all(box.score >= LEAST_SCORE for box in others)


@pytest.fixture(scope="module")
def dists_weights(tmp_path_factory) -> Path:
    """VGG-16 with four channels a stage, at random."""
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("dists")
    state, channels = {}, 3
    for number in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28):
        state[f"features.{number}.weight"] = torch.randn(4, channels, 3, 3) * 0.4
        state[f"features.{number}.bias"] = torch.zeros(4)
        channels = 4
    torch.save(state, folder / VGG)
    torch.save({"alpha": torch.rand(1, 23, 1, 1), "beta": torch.rand(1, 23, 1, 1)}, folder / MIXTURE)
    return folder


def test_dists_is_zero_for_equals_bounded_and_symmetric(dists_weights, steps):
    dists = Dists(dists_weights)
    assert dists(steps[0], steps[0]) == pytest.approx(0, abs=1e-6)
    assert 0.01 < dists(steps[0], steps[3]) < 1
    assert dists(steps[0], steps[3]) == pytest.approx(dists(steps[3], steps[0]))


def test_dists_equals_its_formula_written_out(dists_weights, steps):
    """Against plain numpy and OpenCV: convolutions, L2 pooling, similarities, weights."""
    import torch

    vgg = torch.load(dists_weights / VGG, weights_only=True)
    mixture = torch.load(dists_weights / MIXTURE, weights_only=True)

    def zero_padded(plane, kernel):
        return cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_CONSTANT)

    def convolve(planes, number):
        weight, bias = (vgg[f"features.{number}.{what}"].numpy() for what in ("weight", "bias"))
        out = [
            b + sum(zero_padded(p, k) for p, k in zip(planes, kernels, strict=True))
            for kernels, b in zip(weight, bias, strict=True)
        ]
        return [np.maximum(plane, 0) for plane in out]

    def pool(planes):
        kernel = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
        return [np.sqrt(zero_padded(p * p, kernel)[::2, ::2] + 1e-12) for p in planes]

    def features(picture):
        planes = [picture[..., c].astype(np.float64) / 255 for c in range(3)]
        found = list(planes)
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        h = [(p - m) / d for p, m, d in zip(planes, mean, deviation, strict=True)]
        for stage, numbers in enumerate([(0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)]):
            h = pool(h) if stage else h
            for number in numbers:
                h = convolve(h, number)
            found += h
        return found

    alpha, beta = mixture["alpha"].numpy().ravel(), mixture["beta"].numpy().ravel()
    alike = 0.0
    for a, b, wa, wb in zip(features(steps[0]), features(steps[2]), alpha, beta, strict=True):
        alike += wa * (2 * a.mean() * b.mean() + 1e-6) / (a.mean() ** 2 + b.mean() ** 2 + 1e-6)
        alike += wb * (2 * np.mean((a - a.mean()) * (b - b.mean())) + 1e-6) / (a.var() + b.var() + 1e-6)
    expected = 1 - alike / (alpha.sum() + beta.sum())
    assert Dists(dists_weights)(steps[0], steps[2]) == pytest.approx(expected, abs=1e-5)


def test_dists_says_what_is_missing(tmp_path):
    with pytest.raises(MissingComponent, match=VGG):
        Dists(tmp_path)


@pytest.fixture(scope="module", params=["clip", "siglip"])
def checkpoint(request, tmp_path_factory) -> str:
    """A real CLIP or SigLIP, tiny, saved as a hub checkpoint."""
    import torch
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        SiglipConfig,
        SiglipImageProcessor,
        SiglipModel,
    )

    torch.manual_seed(0)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision, text = tower | {"image_size": 32, "patch_size": 8}, tower | {"vocab_size": 64}
    folder = str(tmp_path_factory.mktemp(request.param))
    if request.param == "clip":
        CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(
            folder
        )
        CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
            folder
        )
    else:
        SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
        SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.mark.tiny_models
def test_clip_similarity_is_a_cosine(checkpoint, steps):
    clip = ClipSimilarity(checkpoint)
    assert clip(steps[0], steps[0]) == pytest.approx(1, abs=1e-5)
    black = np.zeros_like(steps[0])
    assert -1 <= clip(steps[0], black) < 0.9999
    assert clip(steps[0], black) == pytest.approx(clip(black, steps[0]), abs=1e-5)


@pytest.mark.tiny_models
def test_both_scales_of_clip_similarity(checkpoint, steps):
    source, shown = (Frames((0,), (picture,), (picture,)) for picture in (steps[0], steps[3]))
    values = {}
    for name in ("clip_cosine", "clip_similarity"):
        judge = JUDGES[name](Weights(models={"clip": checkpoint}))
        values |= judge.compare(judge.look(source), source, shown, Facts())
    assert values["clip_similarity"] == pytest.approx((values["clip_cosine"] + 1) / 2)


@pytest.mark.tiny_models
def test_a_clip_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingComponent, match="cannot be loaded"):
        JUDGES["clip_cosine"](Weights(models={"clip": str(tmp_path / "nothing")}))


@pytest.mark.parametrize("name", ["lpips", "dists", "clip_cosine", "clip_similarity"])
def test_a_judge_without_its_model_says_what_to_name(name):
    with pytest.raises(MissingComponent, match="--weights"):
        JUDGES[name](Weights())


def test_vmaf_without_its_program_is_missing():
    with pytest.raises(MissingComponent, match="PATH"):
        JUDGES["vmaf"](Weights(models={"vmaf": "ffmpeg-that-nobody-has"}))


def test_an_ffmpeg_without_libvmaf_is_refused(tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ' ... scale  V->V  Scale the input'\n")
    program.chmod(0o755)
    with pytest.raises(MissingComponent, match="lacks"):
        find_ffmpeg(str(program))


def test_vmaf_is_asked_for_what_is_shown_against_the_reference(tmp_path):
    command = vmaf_command("ffmpeg", [tmp_path / "r", tmp_path / "s"], (36, 64, 3), tmp_path / "log")
    inputs = [command[i + 1] for i, word in enumerate(command) if word == "-i"]
    assert inputs == [str(tmp_path / "s"), str(tmp_path / "r")]
    assert "64x36" in command
    log = {"frames": [{"metrics": {"vmaf": 90.5}}, {"metrics": {"vmaf": 80.0}}]}
    assert vmaf_values(log) == [90.5, 80.0]


PROGRAM = """#!/bin/sh
case "$*" in *-filters*) echo ' ... libvmaf  VV->V  VMAF'; exit;; esac
log=$(echo "$*" | sed 's/.*log_path=\\([^:]*\\):.*/\\1/')
echo '{"frames": [{"metrics": {"vmaf": 90}}, {"metrics": {"vmaf": 80}}]}' > "$log"
"""


def test_vmaf_is_the_mean_of_what_the_program_logs(steps, tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    judge = JUDGES["vmaf"](Weights(models={"vmaf": str(program)}))
    two = Frames((0, 1), steps[:2], steps[:2])
    assert judge.compare(None, two, two, Facts()) == {"vmaf": 85}
    with pytest.raises(Absent, match="judged_every = 1"):
        judge.compare(None, Frames((0, 7), steps[:2], steps[:2]), two, Facts())
    with pytest.raises(SemvidError, match="2 values for 1 frames"):
        judge.compare(None, *[Frames((0,), steps[:1], steps[:1])] * 2, Facts())
