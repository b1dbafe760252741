"""Real model classes of transformers at a tiny size, saved and loaded again from a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from evaluation.judge import Facts, Frames, Weights
from evaluation.judges import JUDGES
from semvid.errors import MissingComponent

pytestmark = pytest.mark.tiny_models

LABELS = {
    0: "yoga",
    1: "playing guitar",
    2: "juggling soccer ball",
    3: "dancing",
    4: "driving car",
    5: "eating",
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    import torch

    torch.manual_seed(0)


def frames(seed: int = 0, count: int = 6) -> Frames:
    rng = np.random.default_rng(seed)
    pictures = [
        cv2.GaussianBlur(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8), (0, 0), 4) for _ in range(count)
    ]
    return Frames(tuple(range(count)), pictures, [*pictures[1:], pictures[-1]])


def save_action(kind: str, folder: Path) -> None:
    import transformers

    shared: dict[str, Any] = {
        "image_size": 32, "patch_size": 16, "num_frames": 4, "hidden_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 64, "id2label": LABELS,
        "label2id": {name: i for i, name in LABELS.items()},
    }  # fmt: skip
    config = getattr(transformers, f"{kind}Config")(**shared)
    getattr(transformers, f"{kind}ForVideoClassification")(config).save_pretrained(folder)
    transformers.VideoMAEImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)


@pytest.mark.parametrize("kind", ["Timesformer", "VideoMAE"])
def test_action_by_top_one_and_top_five(kind: str, tmp_path: Path) -> None:
    save_action(kind, tmp_path)
    judge = JUDGES["action"](Weights(models={"action": str(tmp_path)}))
    source = frames()
    seen = judge.look(source)
    best, worst = seen[0], seen[-1]
    right = judge.compare(seen, source, source, Facts(label=LABELS[best].upper().replace(" ", "_")))
    assert right == {"top1": 100, "top5": 100, "action_agreement": 100}
    # six classes: the last answer is not among the best five
    wrong = judge.compare(seen, source, source, Facts(label=LABELS[worst]))
    assert wrong == {"top1": 0, "top5": 0, "action_agreement": 100}
    second = judge.compare(seen, source, source, Facts(label=LABELS[seen[1]]))
    assert (second["top1"], second["top5"]) == (0, 100)
    unknown = judge.compare(seen, source, source, Facts(label="knitting"))
    assert unknown == {"action_agreement": 100}


def test_depth_of_depth_anything(tmp_path: Path) -> None:
    import transformers

    backbone = transformers.Dinov2Config(
        hidden_size=32, num_hidden_layers=4, num_attention_heads=2, image_size=28, patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=32, neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8, head_hidden_size=8,
    )  # fmt: skip
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(tmp_path)
    transformers.DPTImageProcessor(size={"height": 28, "width": 28}).save_pretrained(tmp_path)
    judge = JUDGES["depth"](Weights(models={"depth": str(tmp_path)}))
    source = frames(count=2)
    found = judge.compare(judge.look(source), source, source, Facts())
    assert found["depth_d1"] == 1
    assert found["depth_abs_rel"] == pytest.approx(0, abs=1e-6)
    other = judge.compare(judge.look(source), source, frames(seed=1, count=2), Facts())
    assert other["depth_rank"] < found["depth_rank"]


def test_detection_of_yolos(tmp_path: Path) -> None:
    import transformers

    from evaluation.judges.detection import LEAST_SCORE, hub_detector

    config = transformers.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=[32, 48],
        patch_size=16, num_detection_tokens=5, id2label={0: "cat", 1: "dog"}, label2id={"cat": 0, "dog": 1},
    )  # fmt: skip
    transformers.YolosForObjectDetection(config).save_pretrained(tmp_path)
    transformers.YolosImageProcessor(size={"height": 32, "width": 48}).save_pretrained(tmp_path)
    boxes = hub_detector(str(tmp_path))(frames().pictures[0])
    assert boxes
    assert all(box.label in {"cat", "dog"} and box.score >= LEAST_SCORE for box in boxes)
    # corners in pixels of the picture, not of the network's input and not relative
    assert max(box.corners[2] for box in boxes) > 2


def test_a_model_that_cannot_be_loaded_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(MissingComponent, match="cannot be loaded as AutoModelForVideoClassification"):
        JUDGES["action"](Weights(models={"action": str(tmp_path / "nothing")}))
    with pytest.raises(MissingComponent, match="--weights action"):
        JUDGES["action"](Weights())
