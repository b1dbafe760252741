"""A real external decoder for tests: reads PNG files, fades between them and writes an MP4 with PyAV.

    python bridge.py START END OUTPUT FRAMES [BEHAVIOUR]
    python bridge.py draw OUTPUT FRAMES WIDTHxHEIGHT CAPTION [START]

The second form fades by 16 levels a frame from the first frame, or from a grey that the caption sets.
"""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def picture(path: str) -> np.ndarray:
    with av.open(path) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)


def write(path: str, start: np.ndarray, end: np.ndarray, frames: int) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24), options={"crf": "6"})
        stream.height, stream.width = start.shape[:2]
        stream.pix_fmt = "yuv444p"
        for number in range(frames):
            share = number / max(1, frames - 1)
            mixed = np.rint(np.clip(start * (1 - share) + end * share, 0, 255)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(mixed, format="rgb24")))
        container.mux(stream.encode(None))


def draw(output: str, frames: str, size: str, caption: str, start: str = "") -> None:
    width, height = map(int, size.split("x"))
    grey = 120.0 if caption == "a red ball" else 60.0 + sum(caption.encode()) % 120
    first = picture(start) if start else np.full((height, width, 3), grey)
    write(output, first, first - 16.0 * (int(frames) - 1), int(frames))


def main() -> None:
    if sys.argv[1] == "draw":
        draw(*sys.argv[2:])
        return
    start, end, output, frames, *rest = sys.argv[1:]
    match rest[0] if rest else "":
        case "fail":
            sys.exit("CUDA out of memory")
        case "hang":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(rest[1]).write_text(str(child.pid))
            print("step 1 of 50", flush=True)
            time.sleep(600)
        case "garbage":
            Path(output).write_bytes(b"no video at all" * 100)
        case "nothing":
            pass
        case "arguments":
            Path(rest[1]).write_text("\n".join([frames, *rest[2:]]))
            write(output, picture(start), picture(end), int(frames))
        case "folder":
            name = Path(output) / "video_256px" / "prompt_0000.mp4"
            name.parent.mkdir()
            write(str(name), picture(start), picture(end), int(frames))
        case "length":
            write(output, picture(start), picture(end), int(rest[1]))
        case _:
            write(output, picture(start), picture(end), int(frames))


main()
