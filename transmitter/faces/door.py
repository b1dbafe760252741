"""What coding portrait needs, looked at before a transmission is accepted."""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from semvid.errors import InvalidInput, MissingComponent
from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.weights import load_models
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import read_excerpt, read_frames
from transmitter.faces.selector import SMALLEST_FACE, large_face

_PLACES: Final = 16


def check_models() -> None:
    """Refuses what cannot be coded here.

    Raises:
        MissingComponent: the face models or what runs them is missing.
        InvalidInput: the models are damaged.
    """
    if find_spec("ai_edge_litert") is None:
        raise MissingComponent(
            "option coding: portrait needs ai-edge-litert, which is not installed; pip install "
            '"semvid[faces]"'
        )
    load_models()


def require_face(path: Path, source: SourceInfo, limits: VideoLimits) -> None:
    """Refuses a video that shows no face worth a portrait, at its beginning or any of some places in it.

    Raises:
        InvalidInput: says where was looked, and what to do.
    """
    faces = FaceLandmarks(*load_models())
    for place in range(_PLACES):
        start_s = source.duration_s * place / _PLACES
        faces.forget()
        if place:
            with closing(read_excerpt(path, source, start_s, limits)) as pictures:
                picture = next(pictures, None)
        else:
            with closing(read_frames(path, source, limits)) as frames:
                picture = next(frame.picture for frame in frames)
        if picture is not None and large_face(faces, picture) is not None:
            return
    raise InvalidInput(
        f"option coding: portrait animates a face, and at {_PLACES} places of this video there is none with "
        f"{SMALLEST_FACE:.0%} of the picture's shorter side between the outer corners of the eyes; take "
        "another coding"
    )
