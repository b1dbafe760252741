"""Makes the clip that `semvid demo` sends when it is given none: console/demo/clip.mp4.

    python scripts/make_demo_clip.py ../shared/media

Two shots and a hard cut, 640x360 at 25 frames/s, without sound. NOTICE credits both:

- solidWhiteRight (Udacity, CarND-LaneLines-P1, MIT), here `drive_dashcam.mp4`: 5 s, scaled from 960x540;
- a person signing "book" (Intel, sample-videos, CC BY 4.0), here `asl_book.mkv`: 4 s, cropped from 640x480
  and slowed from 30 to 25 frames/s.
"""

import sys
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import cv2
import numpy as np

from console.demo import CLIP
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

WIDTH, HEIGHT, FRAME_RATE = 640, 360, 25
CRF = 24


def shot(path: Path, first: int, frames: int, crop: slice):
    """``frames`` pictures of ``path`` from ``first`` on, rows ``crop`` of them, at the clip's size."""
    for frame in islice(read_frames(path, probe(path)), first, first + frames):
        picture = frame.picture[crop]
        if picture.shape[:2] != (HEIGHT, WIDTH):
            picture = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(picture, np.uint8)


def main() -> None:
    media = Path(sys.argv[1])
    drive = shot(media / "drive_dashcam.mp4", 0, 5 * FRAME_RATE, slice(None))
    person = shot(media / "asl_book.mkv", 4, 4 * FRAME_RATE, slice(60, 60 + HEIGHT))
    rate = Fraction(FRAME_RATE)
    with VideoWriter(CLIP, WIDTH, HEIGHT, 1 / rate, frame_rate=rate, crf=CRF, preset="veryslow") as writer:
        for index, picture in enumerate(chain(drive, person)):
            writer.append(picture, index)
    print(f"{CLIP}: {CLIP.stat().st_size} bytes")


if __name__ == "__main__":
    main()
