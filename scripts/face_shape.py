"""The mean face in three dimensions.

    python scripts/face_shape.py CLIP...    writes semvid/faces/mean_face.csv

MediaPipe's points of every face found are aligned (generalised Procrustes analysis: Gower, "Generalized
Procrustes analysis", Psychometrika 1975), averaged by clip and then over clips, and made symmetric.
"""

import sys
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.points import LANDMARKS
from semvid.faces.weights import load_models
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import read_frames

_TARGET = Path(__file__).parents[1] / "semvid" / "faces" / "mean_face.csv"
_ROUNDS = 5
_EYES = 33, 263  # outer corners, one apart in the result

Points = NDArray[np.float64]


def faces_in(clip: Path) -> list[Points]:
    """Points of every face found in ``clip``, float [468, 3]."""
    limits = VideoLimits()
    follower = FaceLandmarks(*load_models())
    with closing(read_frames(clip, probe(clip, limits), limits)) as frames:
        found = [follower.find(frame.picture) for frame in frames]
    return [face.astype(float) for face in found if face is not None]


def aligned(face: Points, to: Points) -> Points:
    """``face`` moved, turned and scaled to lie on ``to`` (Kabsch, with scale)."""
    centred, target = face - face.mean(axis=0), to - to.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred.T @ target)
    handed = np.diag([1, 1, np.sign(np.linalg.det(left @ right))])
    scale = (sizes * np.diag(handed)).sum() / (centred**2).sum()
    result: Points = scale * centred @ left @ handed @ right + to.mean(axis=0)
    return result


def mean_face(clips: list[list[Points]]) -> Points:
    """Of all clips alike, upright and seen from the front, symmetric, with outer eye corners one apart."""
    mean = clips[0][0] - clips[0][0].mean(axis=0)
    for _ in range(_ROUNDS):
        mean = np.mean([np.mean([aligned(face, mean) for face in faces], axis=0) for faces in clips], axis=0)
        mean -= mean.mean(axis=0)
        across = mean[_EYES[1]] - mean[_EYES[0]]
        across /= np.linalg.norm(across)
        up = mean[10] - mean[152]  # forehead and chin
        down = -(up - (up @ across) * across)
        down /= np.linalg.norm(down)
        mean = mean @ np.column_stack([across, down, np.cross(across, down)])
        mirrored = mean * (-1, 1, 1)
        other = np.linalg.norm(mean[:, None] - mirrored[None], axis=2).argmin(axis=1)
        mean = (mean + mirrored[other]) / 2
    result: Points = mean / np.linalg.norm(mean[_EYES[1]] - mean[_EYES[0]])
    return result


def main() -> None:
    clips = [faces for path in sys.argv[1:] if (faces := faces_in(Path(path)))]
    chosen = mean_face(clips)[list(LANDMARKS)]
    chosen -= chosen.mean(axis=0)
    rows = [f"{n},{x:.4f},{y:.4f},{z:.4f}" for n, (x, y, z) in zip(LANDMARKS, chosen, strict=True)]
    _TARGET.write_text("\n".join(["landmark,x,y,z", *rows]) + "\n")
    print(f"{sum(map(len, clips))} faces of {len(clips)} clips; {_TARGET}")


if __name__ == "__main__":
    main()
