"""An external animator for tests: the driving video, with a white square where the motion says the nose is.

python puppet.py START MOTION DRIVING OUTPUT
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

NOSE = 4  # of MediaPipe's landmarks


def main() -> None:
    start, motion, driving, output = sys.argv[1:]
    assert Path(start).read_bytes().startswith(b"\x89PNG")
    said = json.loads(Path(motion).read_text())
    nose = said["landmarks"].index(NOSE)
    with av.open(driving) as video, av.open(output, "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "6"})
        stream.width, stream.height = video.streams.video[0].width, video.streams.video[0].height
        stream.pix_fmt = "yuv444p"
        for frame, points in zip(video.decode(video=0), said["frames"], strict=True):
            picture = frame.to_ndarray(format="rgb24")
            x, y = np.round(points[nose]).astype(int)
            picture[y - 3 : y + 4, x - 3 : x + 4] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


main()
