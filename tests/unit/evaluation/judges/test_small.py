"""The judges around small networks, with a folder whose `judges.py` computes something known instead."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluation.judge import Absent, Facts, Frames, Judge, Weights
from evaluation.judges import JUDGES
from semvid.errors import MissingComponent

NETWORKS = """
import numpy as np

def imagenet(picture):  # the class is the brightness
    scores = np.zeros(256)
    scores[int(picture.mean())] = 1
    return scores

def embed(picture):  # a unit vector that turns with the brightness
    angle = picture.mean() / 255 * np.pi / 2
    return np.array([np.cos(angle), np.sin(angle)], np.float32)

def flow(a, b):  # all pixels move to the right by the change of brightness
    moved = np.zeros((2, 240, 424), np.float32)
    moved[0] = b.mean() - a.mean()
    return moved

def ssd(picture, thr):
    found = [("car", 0.9, [0, 0, 10, 10]), ("car", 0.1, [50, 0, 60, 10])]
    return [one for one in found if one[1] >= thr] if picture.mean() > 10 else []
"""


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    (tmp_path / "judges.py").write_text(NETWORKS)
    return Weights(judges=tmp_path)


def frames(*brightness: int) -> Frames:
    pictures = [np.full((8, 8, 3), value, np.uint8) for value in brightness]
    return Frames(tuple(range(len(pictures))), pictures, [*pictures[1:], pictures[-1]])


def compared(judge: Judge, source: Frames, shown: Frames) -> dict[str, float]:
    return judge.compare(judge.look(source), source, shown, Facts())


def test_embedding_and_class_agree_frame_by_frame(weights: Weights) -> None:
    judge = JUDGES["embedding"](weights)
    assert compared(judge, frames(0, 100), frames(0, 100)) == pytest.approx(
        {"embedding_cosine": 1, "class_agreement": 100}
    )
    # one frame equal, one at a right angle
    assert compared(judge, frames(0, 100), frames(255, 100)) == pytest.approx(
        {"embedding_cosine": 0.5, "class_agreement": 50}, abs=1e-6
    )


def test_flow_is_compared_with_the_flow_of_the_source_in_pixels(weights: Weights) -> None:
    judge = JUDGES["flow"](weights)
    moving, still = frames(0, 3, 6, 9, 12), frames(0, 0, 0, 0, 0)
    assert compared(judge, moving, moving)["flow_epe"] == 0
    assert compared(judge, moving, still)["flow_epe"] == pytest.approx(3)
    assert compared(judge, still, moving)["flow_epe"] == pytest.approx(3)


def test_truths_are_what_the_detector_is_sure_of_in_the_source(weights: Weights) -> None:
    judge = JUDGES["detection"](weights)
    seen = judge.look(frames(50))
    assert [box.score for box in seen[0]] == [0.9]
    assert compared(judge, frames(50), frames(60)) == pytest.approx(
        {"map_50": 1, "map_50_95": 1, "objects_lost": 0}
    )
    assert compared(judge, frames(50), frames(0)) == {"map_50": 0, "map_50_95": 0, "objects_lost": 100}
    with pytest.raises(Absent, match="no object"):
        compared(judge, frames(0), frames(50))


WITHOUT_TORCH = """
import sys
from pathlib import Path

import numpy as np

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "bert_score"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
from evaluation.bench.panel import Panel
from evaluation.judge import Facts, Frames, Weights
names = "psnr_db ssim ssim_rgb ms_ssim flicker warping_error embedding flow detection captions".split()
panel = Panel(names, Weights(Path(sys.argv[1]), {"captions": "embedded"}))
pictures = [np.full((48, 64, 3), 60 + value, np.uint8) for value in range(3)]
frames = Frames(range(3), pictures, [*pictures[1:], pictures[-1]])
panel.look(frames, Facts())
print(panel.compare(frames)[1])
"""


def test_small_judges_run_without_torch(weights: Weights) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, str(weights.judges)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, cwd=Path(__file__).parents[4])
    assert done.returncode == 0, done.stderr
    assert set(ast.literal_eval(done.stdout)) <= {"meteor", "bert_score"}


def test_a_folder_without_networks_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingComponent, match="holds no judges"):
        JUDGES["embedding"](Weights(judges=tmp_path / "empty"))
    with pytest.raises(MissingComponent, match="--judges DIR"):
        JUDGES["flow"](Weights())
